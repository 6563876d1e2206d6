// Before and after, in total and layer by layer: the end of `compress`, `compare` and `check` for people.

import { formatBytes, formatChange, formatCount, formatDb, formatDigits, formatMetric, formatMs, UNKNOWN } from '../../protocol/format';
import type { CompareReport, LayerFigures } from '../../protocol/report';
import { say } from '../../protocol/text/index';
import { renderTable } from '../table';
import type { Look } from '../terminal';
import { metricDelta } from './delta';
import { renderFactors } from './factors';
import { renderFindings } from './findings';
import { renderTraining } from './training';

export function renderCompare(report: CompareReport, look: Look): string[] {
  const { cpu, threads, provider, runtime } = report.environment;
  return [
    ...totals(report, look),
    ...renderTraining(report, look),
    look.style('dim', look.say('command.environmentLine', { cpu, threads, provider, runtime })),
    '',
    ...renderFactors(report, look),
    ...layers(report, look),
    ...renderFindings(report.warnings, look),
  ];
}

function totals({ before, after, delta, metricName }: CompareReport, look: Look): string[] {
  const { latency, metric } = delta;
  const rows = [
    [look.say('table.size'), formatBytes(before.bytes), formatBytes(after.bytes), formatChange(before.bytes, after.bytes)],
    [look.say('table.weights'), formatBytes(before.weightBytes), formatBytes(after.weightBytes), formatChange(before.weightBytes, after.weightBytes)],
    [look.say('table.parameters'), formatCount(before.parameters), formatCount(after.parameters), formatChange(before.parameters, after.parameters)],
    [look.say('table.macs'), formatCount(before.macs), formatCount(after.macs), formatChange(before.macs, after.macs)],
    [look.say('table.latency'), formatMs(before.latency?.median ?? null), formatMs(after.latency?.median ?? null),
      latency === null ? UNKNOWN : `x ${latency.ratio.toFixed(2)} [${latency.interval.map((bound) => bound.toFixed(2)).join(', ')}] ${look.say(`verdict.${latency.verdict}`)}`],
  ];
  if (metricName !== null) {
    rows.push([metricName, formatMetric(metricName, before.metric), formatMetric(metricName, after.metric), metric === null ? UNKNOWN : metricDelta(metricName, metric, look)]);
  }
  return renderTable([
    { title: '' },
    { title: look.say('table.before'), align: 'right' },
    { title: look.say('table.after'), align: 'right' },
    { title: look.say('table.change') },
  ], rows, look);
}

function layers(report: CompareReport, look: Look): string[] {
  const shared = { before: sharedRows(report, 'before'), after: sharedRows(report, 'after') };
  const table = renderTable([
    { title: look.say('table.layer'), shrink: true },
    { title: look.say('table.op'), drop: 3 },
    { title: look.say('table.form'), drop: 1 },
    { title: look.say('table.weights'), align: 'right', drop: 2 },
    { title: look.say('table.change'), align: 'right' },
    { title: look.say('table.macs'), align: 'right', drop: 4 },
    { title: look.say('table.latencyMs'), align: 'right' },
    { title: look.say('table.sqnr'), align: 'right' },
  ], report.layers.map(({ id, op, before, after, outputError }) => [
    id, op, say(after.form.code, after.form.params, look.language),
    formatBytes(after.weightBytes), formatChange(before.weightBytes, after.weightBytes),
    arrow(formatCount(before.macs), formatCount(after.macs)),
    arrow(time(before, shared.before.has(id)), time(after, shared.after.has(id))),
    formatDb(outputError?.sqnrDb ?? null),
  ]), look);
  return shared.before.size + shared.after.size === 0 ? table : [...table, look.style('dim', look.say('command.sharedRow', { mark: SHARED }))];
}

/** Stands where a layer's time is inside that of a layer above. */
const SHARED = '↑';

/** Layers whose time is inside another row: the provider runs them as one. */
function sharedRows({ layers: rows }: CompareReport, side: 'before' | 'after'): ReadonlySet<string> {
  return new Set(rows.flatMap(({ id, [side]: { latencyCovers = [] } }) => latencyCovers.filter((other) => other !== id)));
}

function time({ latency }: LayerFigures, shared: boolean): string {
  return latency === null && shared ? SHARED : formatDigits(latency?.mean ?? null);
}

function arrow(before: string, after: string): string {
  return before === after ? before : `${before} → ${after}`;
}
