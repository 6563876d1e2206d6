// Small models for tests of clean-up rules.

import { makeGraph, makeModel, makeValue } from '../../../../src/engine/ir/build';
import type { Dim, Model, Node } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import { seededRandom } from '../../../../src/engine/random';
import type { NdArray } from '../../../../src/engine/ports';
import { assertSameOutputs } from '../../../support/models';
import { passContext } from '../../../support/passContext';

export const TOLERANCE = 1e-5;

export function floats(dims: readonly number[], seed = 1): NdArray {
  const random = seededRandom(seed);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32', dims, data: Float32Array.from({ length: count }, () => random() * 2 - 1) };
}

export function int64(...values: readonly number[]): NdArray {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

export function scalar(value: number): NdArray {
  return { type: 'float32', dims: [], data: Float32Array.of(value) };
}

export interface Parts {
  readonly input?: readonly Dim[];
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, NdArray>>;
  readonly outputs?: readonly string[];
  readonly opset?: number;
}

/** A model with the input `x` (float32) and the output `y`, or the outputs named. */
export function modelOf({ input = [2, 3, 8, 8], nodes, constants = {}, outputs = ['y'], opset = 17 }: Parts): Model {
  return makeModel(makeGraph({
    nodes,
    inputs: [makeValue('x', 'float32', input)],
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: Object.entries(constants).map(([name, values]) => tensorFrom(name, values)),
  }), { '': opset }, 8);
}

export async function cleaned(model: Model): Promise<Model> {
  const { model: result } = await cleanup.run(model, { rules: [], verify: false }, passContext());
  await assertSameOutputs(model, result, TOLERANCE);
  return result;
}

export const operators = (model: Model): readonly string[] => model.graph.nodes.map((node) => node.opType);
