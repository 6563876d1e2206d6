// What a loss is: one record with its options and the nodes it writes. The registry is table.ts; a new loss is one entry
// there. A loss knows nothing of data files, sessions or optimisers.

import type { Static, TObject } from '@sinclair/typebox';
import type { Facts } from '../gradient/rule';
import type { GraphBuilder } from '../graphBuilder';
import type { TrainableOutput } from '../trainable';

export type LossNeed = 'labels' | 'teacher';

export interface Loss<Options extends TObject = TObject> {
  /** As in a recipe: `{ "loss": "kl" }`. */
  readonly id: string;
  /** JSON Schema of its options with their defaults, without `loss` and `weight`. */
  readonly options: Options;
  readonly needs: readonly LossNeed[];
  /** Appends the loss and gives a float32 tensor of rank 0: the mean over the samples of the batch. */
  build(context: LossContext, options: Static<Options>): string;
}

/**
 * The form labels reach the graph in, always float32:
 * `classes`: a distribution over classes, shape of the logits, smoothed and mixed; `binary`: targets in [0, 1], shape of
 * the logits; `values`: numbers to regress, shape of the output.
 */
export type LabelForm = 'classes' | 'binary' | 'values';

export interface LossContext {
  readonly build: GraphBuilder;
  /** Samples in one run of the graph. */
  readonly batch: number;
  /** The student's outputs; losses act on the first unless an option says otherwise. */
  readonly outputs: readonly TrainableOutput[];
  /** Type and concrete shape of any tensor of the student. */
  facts(tensor: string): Facts;
  /** What the labels of the data are for the first output; undefined without labels. */
  readonly labelForm: LabelForm | undefined;
  /** Whether a term of the sum compares with labels, so that they are fed anyway. Absent: no. */
  readonly readsLabels?: boolean;
  /** Graph input with the labels in the form `labelForm`. */
  labels(): string;
  /** Graph input with the class of every position as 0 and 1 (neither smoothed nor mixed), shape of the logits. */
  oneHot(): string;
  /** The teacher's outputs, in the order of its graph; empty without a teacher. */
  readonly teacherOutputs: readonly TrainableOutput[];
  /** Graph input with a tensor of the teacher (a feature or logits), and its shape for this batch. Throws `teacherTensorMissing`. */
  teacher(tensor: string): { readonly name: string } & Facts;
  /** A weight that only this loss has: trained with the rest, dropped afterwards. `values` in row-major order. */
  parameter(base: string, dims: readonly number[], values: Float32Array, decay?: boolean): string;
}

/** One term of the weighted sum, as in a recipe: options of the loss stand beside `loss` and `weight`. */
export interface LossTerm {
  readonly loss: string;
  /** Default 1. A function of the epoch (fractional, from 0) for schedules of weights. */
  readonly weight?: number | ((epoch: number) => number);
  readonly options?: Readonly<Record<string, unknown>>;
}
