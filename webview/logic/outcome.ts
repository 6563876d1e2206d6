// The totals of a report, before, after and change, each with how sure it is: one row a figure, ready to be drawn.

import { metricChangeText, metricValueText } from '../../src/protocol/metrics';
import type { CompareReport, MetricDelta, Verdict } from '../../src/protocol/report';
import { relative } from '../../src/protocol/changes';
import { UNKNOWN, bytes, count, milliseconds, percent, signedPercent } from './format';

export interface OutcomeRow {
  readonly figure: 'size' | 'latency' | 'metric' | 'macs' | 'parameters';
  readonly before: string;
  readonly after: string;
  readonly change: string;
  readonly tone: 'good' | 'bad' | 'none';
  readonly verdict?: Verdict;
  /** Bounds of the 95 % interval of the change (of the ratio, for latency), as text. */
  readonly interval?: { readonly low: string; readonly high: string; readonly ratio?: string };
}

export function metricValue(name: string | null, value: number | null): string {
  return value === null ? UNKNOWN : metricValueText(name, value);
}

export function outcomeRows(report: CompareReport): readonly OutcomeRow[] {
  return [sizeRow(report), latencyRow(report), metricRow(report), plainRow('macs', report.before.macs, report.after.macs), plainRow('parameters', report.before.parameters, report.after.parameters)];
}

function sizeRow({ before, after }: CompareReport): OutcomeRow {
  const share = relative(before.bytes, after.bytes);
  return { figure: 'size', before: bytes(before.bytes), after: bytes(after.bytes), change: share === null ? UNKNOWN : signedPercent(share), tone: lessIsGood(share) };
}

function latencyRow({ before, after, delta }: CompareReport): OutcomeRow {
  const figures = { figure: 'latency', before: milliseconds(before.latency?.median ?? null), after: milliseconds(after.latency?.median ?? null) } as const;
  if (delta.latency === null) return { ...figures, change: UNKNOWN, tone: 'none' };
  const { ratio, interval, verdict } = delta.latency;
  return {
    ...figures,
    change: signedPercent(ratio - 1),
    tone: toneOf(verdict),
    verdict,
    interval: { ratio: ratio.toFixed(2), low: interval[0].toFixed(2), high: interval[1].toFixed(2) },
  };
}

function metricRow({ before, after, delta, metricName }: CompareReport): OutcomeRow {
  const figures = { figure: 'metric', before: metricValue(metricName, before.metric), after: metricValue(metricName, after.metric) } as const;
  if (delta.metric === null) return { ...figures, change: UNKNOWN, tone: 'none' };
  return { ...figures, ...metricDelta(metricName, delta.metric) };
}

function metricDelta(name: string | null, { value, interval, verdict }: MetricDelta): Pick<OutcomeRow, 'change' | 'tone' | 'verdict' | 'interval'> {
  return {
    change: metricChangeText(name, value),
    tone: toneOf(verdict),
    verdict,
    interval: { low: metricChangeText(name, interval[0]).replace(/ pp$/, ''), high: metricChangeText(name, interval[1]) },
  };
}

function plainRow(figure: 'macs' | 'parameters', before: number | null, after: number | null): OutcomeRow {
  const share = relative(before, after);
  return { figure, before: count(before), after: count(after), change: share === null ? UNKNOWN : signedPercent(share), tone: lessIsGood(share) };
}

/** Changes below half a percent are no news either way. */
const NOTICEABLE = 0.005;

function lessIsGood(share: number | null): OutcomeRow['tone'] {
  return share === null || Math.abs(share) < NOTICEABLE ? 'none' : share < 0 ? 'good' : 'bad';
}

function toneOf(verdict: Verdict): OutcomeRow['tone'] {
  return verdict === 'better' ? 'good' : verdict === 'worse' ? 'bad' : 'none';
}

/** `71 %` smaller and so on: the share alone. */
export function shareOf(part: number, whole: number): string {
  return whole === 0 ? UNKNOWN : percent(part / whole);
}
