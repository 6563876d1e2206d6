// From state vectors to what a training gives out: which of them count, and their tensors by name.

import { type FlatVector, unflatten } from './flat';
import type { PlannedTraining } from './openTraining';
import type { TrainingState } from './stepper';
import type { TrainedValues, TrainingResult } from './training';
import { averageOf } from './updateGraph';

function vectorsOf({ graph: { layout } }: PlannedTraining): readonly FlatVector[] {
  return layout.statistics === undefined ? layout.groups : [...layout.groups, layout.statistics];
}

/** Copies of the vectors that are judged and given out: weights and statistics, the averages of both where they are kept. */
export function judgedState(planned: PlannedTraining, state: TrainingState): TrainingState {
  return Object.fromEntries(vectorsOf(planned).map(({ name }) => [name, (state[averageOf(name)] ?? state[name] ?? new Float32Array(0)).slice()]));
}

/** Tensors of the model by name; weights that only a loss has are left out. */
export function valuesOf(planned: PlannedTraining, judged: TrainingState): TrainedValues {
  const { extra } = planned.graph;
  return new Map(vectorsOf(planned).flatMap((vector) => [...unflatten(vector, judged[vector.name] ?? new Float32Array(vector.length))]).filter(([name]) => !extra.has(name)));
}

export function splitValues({ trainable }: PlannedTraining, values: TrainedValues): Pick<TrainingResult, 'parameters' | 'statistics'> {
  const running = new Set(trainable.statistics.map((statistic) => statistic.running));
  const entries = [...values];
  return {
    parameters: new Map(entries.filter(([name]) => !running.has(name))),
    statistics: new Map(entries.filter(([name]) => running.has(name))),
  };
}
