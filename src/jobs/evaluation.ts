// Accuracy of models on a split. (Stand-in until the metrics are there.)

import type { Dataset } from '../engine/data/dataset';
import type { Model } from '../engine/ir/model';
import type { Runtime } from '../engine/ports';
import type { DataOptions, RunOptions } from '../protocol/jobs';
import type { MetricDelta } from '../protocol/report';

export interface Evaluation {
  readonly metric: string;
  readonly samples: number;
  readonly values: readonly number[];
  readonly delta?: MetricDelta;
}

export function evaluateModels(
  _runtime: Runtime, _models: readonly Model[], _data: Dataset, _request: RunOptions & DataOptions, _signal: AbortSignal, _progress: (fraction: number) => void,
): Promise<Evaluation | undefined> {
  return Promise.resolve(undefined);
}
