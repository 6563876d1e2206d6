// A change with its 95 % interval and verdict, in one line.

import { formatMetricDelta } from '../../protocol/format';
import type { MetricDelta } from '../../protocol/report';
import type { Look } from '../terminal';

/** `−1.00 [−2.00, 0.00] undecided`; points where the metric is shown in percent. */
export function metricDelta(name: string, delta: MetricDelta, look: Look): string {
  const [low, high] = delta.interval.map((bound) => formatMetricDelta(name, bound));
  return `${formatMetricDelta(name, delta.value)} [${low}, ${high}] ${look.say(`verdict.${delta.verdict}`)}`;
}
