// How small a model has to become: a measure and an amount of it.

export const measures = ['macs', 'parameters', 'bytes'] as const;
export type Measure = (typeof measures)[number];

export interface PruningTarget {
  readonly measure: Measure;
  /** Below 1 the fraction of the model before, else a number of MACs, parameters or bytes. */
  readonly amount: number;
}
