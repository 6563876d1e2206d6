// The report of `decant evaluate` for people.

import { formatMetric, formatPercent } from '../../protocol/format';
import type { EvaluateReport } from '../../protocol/report';
import { renderPairs } from '../table';
import type { Look } from '../terminal';
import { metricDelta } from './delta';
import { renderFindings } from './findings';

export function renderEvaluate(report: EvaluateReport, look: Look): string[] {
  const { metric, baseline, delta, agreement } = report;
  const pairs: [string, string][] = [
    [metric.name, formatMetric(metric.name, metric.value)],
    [look.say('table.samples'), look.say('command.samplesLine', { count: report.samples, split: report.split, seconds: report.seconds.toFixed(1) })],
  ];
  if (baseline !== undefined) pairs.push([look.say('table.baseline'), formatMetric(metric.name, baseline.value)]);
  if (delta !== undefined) pairs.push([look.say('table.change'), metricDelta(metric.name, delta, look)]);
  if (agreement !== undefined) pairs.push([look.say('table.agreement'), formatPercent(agreement, 2)]);
  return [...renderPairs(pairs, look), ...renderFindings(report.findings, look)];
}
