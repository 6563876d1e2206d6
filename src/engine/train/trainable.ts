// A model made ready for training (prepare.ts): what the loss, the training graph and the saving of weights need to know.

import type { Model } from '../ir/model';

export interface Parameter {
  /** Initializer of the training model, float32; in the model as it was given an initializer or the result of a Constant node. */
  readonly name: string;
  readonly dims: readonly number[];
  /** Whether weight decay applies: matrices and kernels, not norms and biases. */
  readonly decay: boolean;
  /** Label of the first node that uses it. */
  readonly node: string;
  /** 1 where elements are trained, 0 where they are zero and stay so; row-major, absent where all are trained. */
  readonly mask?: Uint8Array;
}

/** A running average that the forward pass updates: of a BatchNormalization in training mode. */
export interface Statistic {
  /** Initializer of the training model, float32, and of the model as it was given. */
  readonly running: string;
  readonly dims: readonly number[];
  /** Tensor of the training model that holds the updated value. */
  readonly update: string;
}

export interface TrainableOutput {
  readonly name: string;
  /** Tensor before a final Softmax, LogSoftmax or Sigmoid; the output itself where there is none. */
  readonly logits: string;
  readonly activation: 'softmax' | 'logSoftmax' | 'sigmoid' | 'none';
  /** Axis of the classes: that of the final activation; else what labels say (targets.ts), or what is usual for the rank. */
  readonly axis: number;
  /** Concrete shape. */
  readonly dims: readonly number[];
}

export interface TrainableModel {
  /** Opset 21 or newer, concrete inputs, weights as initializers; BatchNormalization and Dropout in their training forms. */
  readonly model: Model;
  /** Samples in a batch: what was asked for, or what the file fixes. */
  readonly batch: number;
  readonly parameters: readonly Parameter[];
  readonly statistics: readonly Statistic[];
  /** Float outputs. */
  readonly outputs: readonly TrainableOutput[];
  /** Input (int64, rank 0) that draws the dropout masks; absent without dropout. */
  readonly seedInput?: string;
}
