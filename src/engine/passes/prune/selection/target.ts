// How small a model has to become: a measure and an amount of it.

export const measures = ['macs', 'parameters', 'bytes'] as const;
export type Measure = (typeof measures)[number];

/** Latency is measured, not counted (latency/). */
export const targetMeasures = [...measures, 'latency'] as const;
export type TargetMeasure = (typeof targetMeasures)[number];

export interface PruningTarget {
  readonly measure: TargetMeasure;
  /** A number of MACs, parameters, bytes or milliseconds; or the fraction of the model before. */
  readonly amount: number;
  readonly absolute: boolean;
}
