// `decant profile`: latency of a model and of its layers on a provider.

import type { Finding } from '../protocol/report';
import { said } from '../protocol/text/index';
import { profileModel } from '../runtime/profiler';
import { requireDims } from './dims';
import type { JobRunner } from './job';
import { layersOf } from './layers';
import { withModel } from './openModel';

export const profile: JobRunner<'profile'> = (request, context) =>
  withModel(request.model, async ({ model }) => {
    requireDims(model, request.dims);
    const report = await profileModel(model, await layersOf(model, request.dims), {
      ...request,
      signal: context.signal,
      progress: (fraction) => context.emit({ type: 'progress', progress: { activity: 'progress.profiling', fraction } }),
    });
    return { version: 1, ...report, findings: [...report.findings, ...fallbackFindings(report.provider)] };
  });

function fallbackFindings({ requested, used }: { readonly requested: string; readonly used: Readonly<Record<string, number>> }): Finding[] {
  const elsewhere = Object.entries(used).filter(([name]) => name !== requested).reduce((sum, [, count]) => sum + count, 0);
  return elsewhere === 0 ? [] : [{ severity: 'warning', ...said('finding.providerFallback', { count: elsewhere, provider: requested }) }];
}
