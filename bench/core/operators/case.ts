// One operator case: a small model, what its test feeds, and the types and shapes its test data shows for the outputs.

import type { DataType } from '../../../src/engine/ir/dataTypes';
import type { Tensor } from '../../../src/engine/ir/model';

/** What the data of an output shows. */
export type Shown =
  | { readonly kind: 'tensor'; readonly type: DataType; readonly shape: readonly number[] }
  | { readonly kind: 'sequence'; readonly type: DataType; readonly elements: readonly Shown[] }
  | { readonly kind: 'optional'; readonly element: Shown };

export interface OperatorCase {
  readonly name: string;
  /** The serialized model. */
  readonly bytes: Uint8Array;
  /** Shapes of the inputs that are tensors, as fed. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Inputs whose elements are at hand, for the run in which they count as constants. */
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Shown>;
}
