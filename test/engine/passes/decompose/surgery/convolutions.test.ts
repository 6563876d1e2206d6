// The law of surgery for convolutions: factors of full rank give what the layer gave, whatever its strides, pads, dilations,
// groups and kernel, on onnxruntime.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, ints, string } from '../../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../../src/engine/ir/build';
import { type Attribute, elementCount, type Model } from '../../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { methods } from '../../../../../src/engine/passes/decompose/factors';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods/index';
import { seededRandom } from '../../../../../src/engine/random';
import { assertSameOutputs } from '../../../../support/models';
import { testRuntime } from '../../../../support/passContext';
import { decomposed, fullRank } from './surgerySupport';

interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [number, number];
  /** Of the input, beyond what the kernel reaches. */
  readonly more: number;
}

interface Case {
  readonly op: 'Conv' | 'ConvTranspose';
  readonly axes: readonly Axis[];
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly padding: 'stated' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';
  readonly hasBias: boolean;
  readonly statesKernel: boolean;
  readonly outputPadding: boolean;
  readonly seed: number;
}

const axis: fc.Arbitrary<Axis> = fc.record({
  kernel: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 1, max: 3 }), dilation: fc.integer({ min: 1, max: 2 }),
  pads: fc.tuple(fc.nat(2), fc.nat(2)), more: fc.integer({ min: 1, max: 5 }),
});

const drawn: fc.Arbitrary<Case> = fc.record({
  op: fc.constantFrom('Conv', 'Conv', 'ConvTranspose'), axes: fc.array(axis, { minLength: 1, maxLength: 3 }), groups: fc.constantFrom(1, 1, 2, 3),
  outputs: fc.integer({ min: 1, max: 4 }), inputs: fc.integer({ min: 1, max: 4 }), padding: fc.constantFrom('stated', 'stated', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  hasBias: fc.boolean(), statesKernel: fc.boolean(), outputPadding: fc.boolean(), seed: fc.nat(),
});

/** A batch of 2; the input long enough for an output of at least 2 along every axis. */
function modelOf({ op, axes, groups, outputs, inputs, padding, hasBias, statesKernel, outputPadding, seed }: Case): Model {
  const random = seededRandom(seed);
  const kernel = axes.map((own) => own.kernel);
  const dims = op === 'Conv' ? [groups * outputs, inputs, ...kernel] : [groups * inputs, outputs, ...kernel];
  // Kernels of SAME must not be dilated in onnxruntime.
  const isSame = padding.startsWith('SAME');
  const dilations = axes.map(({ dilation }) => (isSame ? 1 : dilation));
  const attributes: Record<string, Attribute> = {
    dilations: ints(dilations), strides: ints(axes.map(({ stride }) => stride)), group: int(groups),
    ...(statesKernel && { kernel_shape: ints(kernel) }),
    ...(padding === 'stated' ? { pads: ints([...axes.map(({ pads }) => pads[0]), ...axes.map(({ pads }) => pads[1])]) } : { auto_pad: string(padding) }),
    ...(op === 'ConvTranspose' && outputPadding && !isSame && { output_padding: ints(axes.map(({ stride }) => stride - 1)) }),
  };
  // Pads of a ConvTranspose crop.
  const sizes = axes.map(({ stride, more, pads }, at) => ((kernel[at] ?? 1) - 1) * (dilations[at] ?? 1) + stride + more + (op === 'Conv' ? 0 : pads[0] + pads[1]));
  const data = (count: number): Float32Array => Float32Array.from({ length: count }, () => random() - 0.3);
  return makeModel(makeGraph({
    nodes: [makeNode(op, ['x', 'w', ...(hasBias ? ['b'] : [])], ['y'], attributes, { name: 'layer' })],
    inputs: [makeValue('x', 'float32', [2, groups * inputs, ...sizes])], outputs: [makeValue('y', 'float32', null)],
    initializers: [
      tensorFrom('w', { type: 'float32', dims, data: data(elementCount(dims)) }),
      ...(hasBias ? [tensorFrom('b', { type: 'float32', dims: [groups * outputs], data: data(groups * outputs) })] : []),
    ],
  }), { '': 17 }, 8);
}

describe('surgery on convolutions', function () {
  this.timeout(60_000);
  const products = matrixProducts(testRuntime, 2);
  after(() => products.release());

  for (const method of methods) {
    it(`keeps the function at full rank of ${method}`, async () => {
      let checked = 0;
      await fc.assert(fc.asyncProperty(drawn, async (test) => {
        const { outputs, inputs, axes } = test;
        if (methodTable[method].refusal({ outputs, inputs, kernel: axes.map(({ kernel }) => kernel) }) !== undefined) return;
        const model = modelOf(test);
        const { model: result, layers } = await decomposed(model, fullRank(method, products));
        assert.equal(layers.length, 1);
        assert.ok(result.graph.nodes.length > 1 && !result.graph.initializers.has('w'));
        await assertSameOutputs(model, result, 1e-5);
        checked += 1;
      }), { numRuns: 120 });
      assert.ok(checked > 20);
    });
  }
});
