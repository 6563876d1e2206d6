// What a shape rule sees and gives: one function an operator. Rules are pure and total: they never throw, and say null
// where they cannot know.

import type { Node, Tensor } from '../model';
import type { TensorShape } from './tensorShape';

export interface RuleContext {
  readonly node: Node;
  /** Opset of the node's domain that the model imports. */
  readonly opset: number;
  /** By position: undefined is an omitted input; `unknownTensor` one of which nothing is known. */
  readonly inputs: readonly (TensorShape | undefined)[];
  /** Elements of a small tensor in an attribute. */
  readonly elements: (tensor: Tensor) => readonly number[] | undefined;
  /** Infers a subgraph of the node for given inputs; gives its outputs. */
  readonly body: (attribute: string, inputs: readonly TensorShape[]) => readonly TensorShape[];
}

/** Outputs by position; missing or undefined ones are unknown. */
export type Rule = (context: RuleContext) => readonly (TensorShape | undefined)[];

/** One rule for each operator of a list: a forgotten one does not compile. */
export type RuleTable<Operator extends string> = { readonly [Name in Operator]: Rule };
