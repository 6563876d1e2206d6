// The use cases that ask one question of one model, or none: inspect, profile, providers, passes.

import { inspectModel } from '../engine/analysis/inspect';
import { describePasses } from '../engine/passes/registry';
import type { Finding } from '../protocol/report';
import { said } from '../protocol/text/index';
import { profileModel } from '../runtime/profiler';
import { probeProviders } from '../runtime/providers';
import type { JobRunner } from './job';
import { layersOf } from './layers';
import { withModel } from './openModel';

export const inspect: JobRunner<'inspect'> = ({ model: path, dims = {} }, context) =>
  withModel(path, ({ model, bytes }) => {
    context.emit({ type: 'progress', progress: { activity: 'progress.inspecting', fraction: null } });
    return inspectModel(model, { path, bytes, dims });
  });

export const profile: JobRunner<'profile'> = (request, context) =>
  withModel(request.model, async ({ model }) => {
    const report = await profileModel(model, await layersOf(model, request.dims), {
      ...request,
      signal: context.signal,
      progress: (fraction) => context.emit({ type: 'progress', progress: { activity: 'progress.profiling', fraction } }),
    });
    return { version: 1, ...report, findings: [...report.findings, ...fallbackFindings(report.provider)] };
  });

export const providers: JobRunner<'providers'> = (_request, context) => {
  context.emit({ type: 'progress', progress: { activity: 'progress.probing', fraction: null } });
  return probeProviders({ signal: context.signal });
};

export const passes: JobRunner<'passes'> = () => Promise.resolve(describePasses());

function fallbackFindings({ requested, used }: { readonly requested: string; readonly used: Readonly<Record<string, number>> }): Finding[] {
  const elsewhere = Object.entries(used).filter(([name]) => name !== requested).reduce((sum, [, count]) => sum + count, 0);
  return elsewhere === 0 ? [] : [{ severity: 'warning', ...said('finding.providerFallback', { count: elsewhere, provider: requested }) }];
}
