// What a gradient rule sees and gives: one entry an operator (table.ts). Rules write ONNX nodes; shapes are concrete,
// because a training graph is made for one batch size.

import type { DataType } from '../../ir/dataTypes';
import type { Node } from '../../ir/model';
import type { GraphBuilder } from '../graphBuilder';

/** Type and concrete shape of a tensor of the forward graph. */
export interface Facts {
  readonly type: DataType;
  readonly shape: readonly number[];
}

export interface ForwardContext {
  readonly node: Node;
  /** Opset of the node's domain; of the default domain at least `TRAINING_OPSET`. */
  readonly opset: number;
  readonly build: GraphBuilder;
  /** Facts of a forward tensor; throws `gradientShapeUnknown` where its shape is not known before running. */
  readonly facts: (tensor: string) => Facts;
  /** Name of an input, undefined where it is omitted. */
  readonly input: (position: number) => string | undefined;
  /** Elements of a constant (or of a shape that is known) with at most 1,024 of them; undefined where unknown. */
  readonly elements: (tensor: string | undefined) => readonly number[] | undefined;
  /** Throws `gradientFormUnsupported`: the operator has a rule, this form of it has not. `form` as in the file: `mode=cubic`. */
  readonly refuse: (form: string) => never;
}

export interface RuleContext extends ForwardContext {
  /** dL/d(output) by position; undefined where nothing flows back. At least one is there. */
  readonly gradients: readonly (string | undefined)[];
  /** dL/d(first output): for operators with one output. */
  readonly gradient: string;
  /** Whether dL/d(input) is wanted: rules write nothing for the others. */
  readonly needs: (position: number) => boolean;
}

/** dL/d(input) by position, each with the shape and type of its input; undefined (or missing) where nothing flows. */
export type GradientRule = (context: RuleContext) => readonly (string | undefined)[];

/** Writes the operator in others that have rules; gives the new name of each output by position. */
export type ForwardRewrite = (context: ForwardContext) => readonly string[];

export type GradientEntry =
  | { readonly kind: 'rule'; readonly rule: GradientRule }
  /** The node is replaced before differentiation. Only nodes through which a gradient flows are. */
  | { readonly kind: 'rewrite'; readonly rewrite: ForwardRewrite }
  /** Gradient zero almost everywhere, or no real-valued result: Shape, Floor, ArgMax, Equal. */
  | { readonly kind: 'zero' }
  /** No rule: refused by name when a gradient would have to flow through. */
  | { readonly kind: 'refused' };

export type GradientTable<Operator extends string> = { readonly [Name in Operator]: GradientEntry };

export const rule = (write: GradientRule): GradientEntry => ({ kind: 'rule', rule: write });
export const rewrite = (write: ForwardRewrite): GradientEntry => ({ kind: 'rewrite', rewrite: write });
export const zero: GradientEntry = { kind: 'zero' };
export const refused: GradientEntry = { kind: 'refused' };

/** In a node's metadata: nothing flows back through it, because another node's rule accounts for it. */
export const GRADIENT_KEY = 'decant.gradient';
export const DETACHED = 'none';
