// What an operator's specification says of its form (OpSchema of ONNX): parameters, attributes, allowed types. Not what
// it computes, and not the shapes it gives (ir/shapes).

import type { AttributeValue } from '../model';

export interface OperatorSchema {
  /** Whether it is an operator of ONNX or one that only onnxruntime has. */
  readonly definedBy: 'onnx' | 'onnxruntime';
  /** '' for ai.onnx. */
  readonly domain: string;
  readonly name: string;
  /** Opset in which this version was defined. */
  readonly sinceVersion: number;
  /** The operator is gone in this opset: models must not use it. */
  readonly deprecated: boolean;
  readonly inputs: readonly FormalParameter[];
  readonly outputs: readonly FormalParameter[];
  /** Fewest and most values a node may have; `Infinity` after a variadic parameter. */
  readonly inputCount: Arity;
  readonly outputCount: Arity;
  readonly attributes: ReadonlyMap<string, AttributeSchema>;
  /** Types allowed for each type variable, as ONNX writes them: `tensor(float)`, `seq(tensor(int64))`. */
  readonly typeConstraints: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Arity {
  readonly least: number;
  readonly most: number;
}

export interface FormalParameter {
  readonly name: string;
  /** A type variable of `typeConstraints`, or one type. */
  readonly type: string;
  readonly option: 'single' | 'optional' | 'variadic';
  /** Whether all values of a variadic parameter have the same type; true for the others. */
  readonly homogeneous: boolean;
}

export type AttributeKind = Exclude<AttributeValue['kind'], 'reference'>;

export interface AttributeSchema {
  readonly name: string;
  readonly kind: AttributeKind;
  readonly required: boolean;
  /** Value where the attribute is absent; undefined when the specification has none or computes it. */
  readonly default?: number | string | readonly (number | string)[];
}

/** The parameter that the value at `index` belongs to: the last one, if variadic, takes all that follow. */
export function parameterAt(parameters: readonly FormalParameter[], index: number): FormalParameter | undefined {
  const last = parameters.at(-1);
  return parameters[index] ?? (last?.option === 'variadic' ? last : undefined);
}
