// Gradients in other float types than float32: what the rules write has to be of one type, or onnxruntime refuses it.

import assert from 'node:assert/strict';
import { int } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { DataType } from '../../../../src/engine/ir/dataTypes';
import { wireOf } from '../../../../src/engine/ir/dataTypes';
import type { Attribute } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import type { NdArray } from '../../../../src/engine/ports';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { assertClose, uniform } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';

interface TypedCase {
  readonly op: string;
  readonly inputs: readonly (readonly number[])[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly opset?: number;
  /** onnxruntime has no float64 kernel of the operator, or of one in its gradient. */
  readonly singleOnly?: boolean;
}

const image = [2, 4, 3, 3];
const unary = (op: string, singleOnly = false): TypedCase => ({ op, inputs: [image], singleOnly });

const cases: readonly TypedCase[] = [
  ...['Abs', 'Cos', 'Exp', 'Log', 'Reciprocal', 'Sin', 'Sqrt', 'Relu', 'Shrink', 'Sigmoid', 'Tanh', 'Softmax', 'LogSoftmax', 'ReduceL1', 'ReduceL2', 'ReduceLogSum',
    'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum', 'ReduceSumSquare', 'LpNormalization'].map((op) => unary(op)),
  ...['Asin', 'Atan', 'Asinh', 'Cosh', 'Erf', 'Sinh', 'Tan', 'Elu', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Mish', 'Selu', 'Softplus', 'Softsign', 'ThresholdedRelu',
    'MeanVarianceNormalization'].map((op) => unary(op, true)),
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum'].map((op): TypedCase => ({ op, inputs: [image, [3, 3]] })),
  { op: 'Max', inputs: [image, [3, 3], [1]] },
  { op: 'Mean', inputs: [image, [3, 3]], singleOnly: true },
  { op: 'Mod', inputs: [image, [1]], attributes: { fmod: int(1) } },
  { op: 'Clip', inputs: [image, [], []] },
  { op: 'PRelu', inputs: [image, [4, 1, 1]], singleOnly: true },
  { op: 'Swish', inputs: [image], opset: 24 },
  { op: 'LayerNormalization', inputs: [image, [3], [3]] },
  { op: 'RMSNormalization', inputs: [image, [3]], opset: 23 },
  { op: 'GroupNormalization', inputs: [image, [4], [4]], attributes: { num_groups: int(2) } },
  { op: 'InstanceNormalization', inputs: [image, [4], [4]], singleOnly: true },
  { op: 'LRN', inputs: [image], attributes: { size: int(3) }, singleOnly: true },
];

/** Gradients by input, float32 in and out, with the operator and its gradient in `type`. */
async function gradientsIn(type: DataType, { op, inputs, attributes, opset }: TypedCase): Promise<readonly NdArray[]> {
  // Where all operators of the list are defined and smooth.
  const arrays = inputs.map((dims, position) => uniform(dims, 7 + position, 0.2, 0.9));
  const weight = uniform(image, 3, 0.5, 1.5);
  const model = makeModel(makeGraph({
    nodes: [
      ...arrays.map((_, position) => makeNode('Cast', [`x${position}`], [`typed${position}`], { to: int(wireOf(type)) })),
      makeNode(op, arrays.map((_, position) => `typed${position}`), ['y'], attributes ?? {}),
      makeNode('Cast', ['y'], ['single'], { to: int(wireOf('float32')) }),
      makeNode('Mul', ['single', 'weight'], ['weighted']),
      makeNode('ReduceSum', ['weighted'], ['loss'], { keepdims: int(0) }),
    ],
    inputs: arrays.map((array, position) => makeValue(`x${position}`, 'float32', array.dims)),
    outputs: [],
    initializers: [tensorFrom('weight', weight)],
  }), { '': opset ?? 21 }, 10);
  const { model: trained, gradients } = await differentiate(model, 'loss', arrays.map((_, position) => `x${position}`));
  for (const name of new Set(gradients.values())) trained.graph.outputs.push(makeValue(name, 'float32', null));
  const session = await testRuntime.createSession(trained, { threads: 1 });
  try {
    const results = await session.run(Object.fromEntries(arrays.map((array, position) => [`x${position}`, array])));
    return arrays.map((_, position) => results[gradients.get(`x${position}`) ?? ''] as NdArray);
  } finally {
    await session.release();
  }
}

describe('gradients: float types', () => {
  for (const test of cases) {
    it(`${test.op} of ${test.inputs.length}`, async () => {
      const single = await gradientsIn('float32', test);
      // Half precision: 11 bits, with cancellation in normalizations.
      for (const [type, tolerance] of [['float16', 0.03], ['float64', 1e-4]] as const) {
        if (type === 'float64' && test.singleOnly === true) continue;
        const found = await gradientsIn(type, test);
        single.forEach((expected, position) => {
          assert.equal(found[position]?.type, 'float32');
          assertClose(Float64Array.from(expected.data as Float32Array), found[position].data as Float32Array, tolerance, `${test.op} in ${type}: dL/dx${position}`);
        });
      }
    });
  }
});
