// Totals before and after, and their differences.

import type { FiguresDelta, MetricDelta, ModelFigures } from '../../protocol/report';

export function figuresDelta(before: ModelFigures, after: ModelFigures, latency: FiguresDelta['latency'], metric: MetricDelta | null): FiguresDelta {
  return {
    bytes: after.bytes - before.bytes,
    weightBytes: after.weightBytes - before.weightBytes,
    parameters: after.parameters - before.parameters,
    macs: before.macs === null || after.macs === null ? null : after.macs - before.macs,
    latency,
    metric,
  };
}
