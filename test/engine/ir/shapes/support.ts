// Writes small graphs as rows, and infers them: `infer('Reshape', [x, ints([2, -1])])`.

import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { DataType } from '../../../../src/engine/ir/dataTypes';
import type { Attribute, Dim, Node, Tensor } from '../../../../src/engine/ir/model';
import { inferShapes, type InferOptions, type ShapeMap, type TensorShape } from '../../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import type { TypedArray } from '../../../../src/engine/ports';

export type Operand = { readonly type: DataType; readonly shape: readonly Dim[] | null; readonly data?: TypedArray } | undefined;

export const value = (shape: readonly Dim[] | null, type: DataType = 'float32'): Operand => ({ type, shape });

export const ints = (values: readonly number[], shape: readonly number[] = [values.length]): Operand =>
  ({ type: 'int64', shape, data: BigInt64Array.from(values, BigInt) });

export const floats = (values: readonly number[], shape: readonly number[] = [values.length]): Operand =>
  ({ type: 'float32', shape, data: Float32Array.from(values) });

export function initializer(name: string, operand: NonNullable<Operand>): Tensor | undefined {
  if (operand.data === undefined) return undefined;
  const dims = operand.shape?.map(Number) ?? [];
  return tensorFrom(name, { type: operand.type, dims, data: operand.data });
}

export interface CaseOptions extends InferOptions {
  readonly opset?: number;
  readonly domain?: string;
  readonly outputs?: number;
}

/** The results of one node. */
export async function infer(
  op: string, operands: readonly Operand[], attributes: Readonly<Record<string, Attribute>> = {}, options: CaseOptions = {},
): Promise<readonly TensorShape[]> {
  const names = operands.map((operand, index) => (operand === undefined ? '' : `in${index}`));
  const outputs = Array.from({ length: options.outputs ?? 1 }, (_, index) => `out${index}`);
  const node = makeNode(op, names, outputs, attributes, { domain: options.domain ?? '' });
  const shapes = await inferNodes([node], Object.fromEntries(operands.map((operand, index) => [`in${index}`, operand])), options);
  return outputs.map((name) => shapes.tensors.get(name) ?? { type: 'undefined', shape: null });
}

export function inferNodes(nodes: readonly Node[], operands: Readonly<Record<string, Operand>>, options: CaseOptions = {}): Promise<ShapeMap> {
  const present = Object.entries(operands).flatMap(([name, operand]) => (operand === undefined ? [] : [[name, operand] as const]));
  const graph = makeGraph({
    nodes,
    inputs: present.filter(([, operand]) => operand.data === undefined).map(([name, operand]) => makeValue(name, operand.type, operand.shape)),
    outputs: [],
    initializers: present.flatMap(([name, operand]) => initializer(name, operand) ?? []),
  });
  return inferShapes(makeModel(graph, { '': options.opset ?? 21, 'com.microsoft': 1 }), options);
}
