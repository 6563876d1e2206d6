// What is told of refitting: how many layers, on how many samples, and what their outputs miss.

import { formatPercent } from '../../../protocol/format';
import type { Finding } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import type { RefitOutcome } from './refit';

export function refitFindings({ layers, left, samples, skipped }: RefitOutcome): Finding[] {
  const mean = (of: (layer: RefitOutcome['layers'][number]) => number): string => formatPercent(layers.reduce((sum, layer) => sum + of(layer), 0) / layers.length);
  const findings: Finding[] = [];
  if (layers.length > 0) {
    findings.push({ severity: 'info', ...said('finding.refitted', { layers: layers.length, samples, before: mean(({ missedBefore }) => missedBefore), after: mean(({ missedAfter }) => missedAfter) }) });
  }
  if (left > 0) findings.push({ severity: 'info', ...said('finding.refitLeft', { layers: left }) });
  if (skipped > 0) findings.push({ severity: 'warning', ...said('finding.samplesSkipped', { count: skipped }) });
  return findings;
}
