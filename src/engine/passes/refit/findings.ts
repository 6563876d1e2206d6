// What is told of refitting: how many layers, on how many samples, and what their outputs miss.

import { formatPercent } from '../../../protocol/format';
import type { Finding } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import type { RefitOutcome } from './refit';

/** After pruning, where layers read fewer inputs. */
export function refitFindings({ layers, left, samples, skipped }: RefitOutcome): Finding[] {
  const mean = (of: (layer: RefitOutcome['layers'][number]) => number): string => formatPercent(layers.reduce((sum, layer) => sum + of(layer), 0) / layers.length);
  const findings: Finding[] = [];
  if (layers.length > 0) {
    findings.push({ severity: 'info', ...said('finding.refitted', { layers: layers.length, samples, before: mean(({ missedBefore }) => missedBefore), after: mean(({ missedAfter }) => missedAfter) }) });
  }
  if (left > 0) findings.push({ severity: 'info', ...said('finding.refitLeft', { layers: left }) });
  return [...findings, ...skippedFinding(skipped)];
}

/** After layers were split, in the unit of the report's errors: norm over norm. */
export function factorRefitFindings({ layers, left, samples, skipped }: RefitOutcome): Finding[] {
  const mean = (of: (layer: RefitOutcome['layers'][number]) => number): string => formatPercent(layers.reduce((sum, layer) => sum + Math.sqrt(of(layer)), 0) / layers.length);
  const errors = { before: mean(({ missedBefore }) => missedBefore), after: mean(({ missedAfter }) => missedAfter) };
  const code = layers.length === 1 ? 'finding.factorsRefitted.one' : 'finding.factorsRefitted';
  return [
    ...(layers.length > 0 ? [{ severity: 'info' as const, ...said(code, { layers: layers.length, samples, ...errors }) }] : []),
    ...(left > 0 ? [{ severity: 'info' as const, ...said(left === 1 ? 'finding.factorsRefitLeft.one' : 'finding.factorsRefitLeft', { layers: left }) }] : []),
    ...skippedFinding(skipped),
  ];
}

function skippedFinding(count: number): Finding[] {
  return count > 0 ? [{ severity: 'warning', ...said('finding.samplesSkipped', { count }) }] : [];
}
