// Gradients of LSTM, GRU and RNN: the unrolled forward against onnxruntime's kernels, gradients against float64 references.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Attribute } from '../../../../src/engine/ir/model';
import { float, int, string } from '../../../../src/engine/ir/attributes';
import type { NdArray } from '../../../../src/engine/ports';
import { analyticGradients, checkAgainst, type OperatorCase, uniform } from '../../../support/gradientCheck';
import { checkForward, runDecomposed } from '../../../support/rewriteCheck';
import { GATES, type Kind, type RecurrentForm, recurrentReference } from './reference/recurrent';

const OUTPUTS: Readonly<Record<Kind, number>> = { LSTM: 3, GRU: 2, RNN: 2 };
const strings = (values: readonly string[]): Attribute => ({ kind: 'strings', value: values.map((value) => new TextEncoder().encode(value)) });

interface Form extends RecurrentForm {
  readonly bias: boolean;
  readonly initial: boolean;
  readonly peephole: boolean;
  readonly seed: number;
}

const sizes = { steps: fc.integer({ min: 1, max: 4 }), batch: fc.integer({ min: 1, max: 3 }), input: fc.integer({ min: 1, max: 3 }), hidden: fc.integer({ min: 1, max: 3 }) };

function forms(kind: Kind): fc.Arbitrary<Form> {
  return fc.record({
    kind: fc.constant(kind), ...sizes,
    direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
    bias: fc.boolean(), ragged: fc.boolean(), initial: fc.boolean(), peephole: fc.boolean(),
    clip: fc.constantFrom(undefined, 0.4), linearBeforeReset: fc.boolean(), coupled: fc.boolean(),
    custom: fc.boolean(), seed: fc.nat(10_000),
  }).map(({ ragged, custom, ...form }) => ({
    ...form,
    lengths: ragged ? Array.from({ length: form.batch }, (_, index) => 1 + ((form.seed + index) % form.steps)) : null,
    activations: custom ? ['HardSigmoid', 'Softsign', 'LeakyRelu'].slice(0, { LSTM: 3, GRU: 2, RNN: 1 }[kind]) : undefined,
  }));
}

function caseOf(form: Form): OperatorCase {
  const { kind, steps, batch, input, hidden, seed } = form;
  const gates = GATES[kind];
  const directions = form.direction === 'bidirectional' ? 2 : 1;
  const state = (offset: number): ReturnType<typeof uniform> | null => (form.initial ? uniform([directions, batch, hidden], seed + offset, -1, 1) : null);
  return {
    op: kind,
    outputs: OUTPUTS[kind],
    attributes: {
      hidden_size: int(hidden), direction: string(form.direction),
      ...(form.clip !== undefined && { clip: float(form.clip) }),
      ...(kind === 'GRU' && { linear_before_reset: int(form.linearBeforeReset ? 1 : 0) }),
      ...(kind === 'LSTM' && form.coupled && { input_forget: int(1) }),
      ...(form.activations !== undefined && { activations: strings(Array.from({ length: directions }, () => form.activations ?? []).flat()) }),
    },
    inputs: [
      uniform([steps, batch, input], seed),
      uniform([directions, gates * hidden, input], seed + 1, -1, 1),
      uniform([directions, gates * hidden, hidden], seed + 2, -1, 1),
      form.bias ? uniform([directions, 2 * gates * hidden], seed + 3, -1, 1) : null,
      form.lengths === null ? null : { type: 'int32', dims: [batch], data: Int32Array.from(form.lengths) },
      state(4),
      ...(kind === 'LSTM' ? [state(5), form.peephole ? uniform([directions, 3 * hidden], seed + 6, -1, 1) : null] : []),
    ],
  };
}

describe('gradients: recurrent networks', () => {
  for (const kind of ['LSTM', 'GRU', 'RNN'] as const) {
    it(`unrolls ${kind} to what its kernel computes`, async () => {
      await fc.assert(fc.asyncProperty(forms(kind), async (form) => { await checkForward(caseOf(form)); }), { numRuns: 40 });
    }).timeout(20_000);

    it(`differentiates ${kind}`, async () => {
      await fc.assert(fc.asyncProperty(forms(kind), async (form) => {
        await checkAgainst(caseOf(form), (inputs) => recurrentReference(form, inputs));
      }), { numRuns: 25 });
    }).timeout(30_000);

    it(`takes ${kind} with the batch first, which onnxruntime has no kernel for, as the turned one`, async () => {
      await fc.assert(fc.asyncProperty(forms(kind), async (form) => {
        const test = caseOf(form);
        const turned = [...test.inputs];
        for (const position of [0, 5, 6]) turned[position] = exchanged(test.inputs[position]);
        const first = await runDecomposed(test);
        const second = await runDecomposed({ ...test, inputs: turned.slice(0, test.inputs.length), attributes: { ...test.attributes, layout: int(1) } });
        // [steps, directions, batch, hidden] against [batch, steps, directions, hidden]
        assert.deepEqual(second['y0'], permuted(first['y0'] as NdArray, [2, 0, 1, 3]));
        assert.deepEqual(second['y1'], permuted(first['y1'] as NdArray, [1, 0, 2]));
      }), { numRuns: 10 });
    }).timeout(20_000);
  }

  it('differentiates with one output used, and with some inputs constant', async () => {
    const form: Form = {
      kind: 'LSTM', steps: 3, batch: 2, input: 2, hidden: 3, direction: 'bidirectional', bias: true, initial: false, peephole: false,
      lengths: null, clip: undefined, linearBeforeReset: false, coupled: false, activations: undefined, seed: 5,
    };
    const reference = (inputs: readonly Float64Array[]): readonly Float64Array[] => recurrentReference(form, inputs);
    for (const lossOutputs of [[0], [1], [2]]) await checkAgainst({ ...caseOf(form), lossOutputs }, reference);
    await checkAgainst({ ...caseOf(form), by: [1, 2] }, reference);
    await checkAgainst({ ...caseOf(form), by: [0] }, reference);
  });

  it('refuses sequences whose unrolled graph would take minutes to load', async () => {
    const form: OperatorCase = { op: 'RNN', outputs: 2, attributes: { hidden_size: int(1) }, inputs: [uniform([1001, 1, 1], 1), uniform([1, 1, 1], 2), uniform([1, 1, 1], 3)] };
    await assert.rejects(analyticGradients(form), { code: 'gradientFormUnsupported', params: { node: 'y0', op: 'RNN', form: '1001 steps' } });
  });

  it('refuses an activation that it does not know', async () => {
    const form: OperatorCase = { op: 'RNN', outputs: 2, attributes: { hidden_size: int(1), activations: strings(['Affine']) }, inputs: [uniform([1, 1, 1], 1), uniform([1, 1, 1], 2), uniform([1, 1, 1], 3)] };
    await assert.rejects(analyticGradients(form), { code: 'gradientFormUnsupported' });
  });
});

function exchanged(array: NdArray | null | undefined): NdArray | null {
  return array === null || array === undefined ? null : permuted(array, [1, 0, 2]);
}

function permuted({ type, dims, data }: NdArray, perm: readonly number[]): NdArray {
  const shape = perm.map((axis) => dims[axis] as number);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const values = Float32Array.from({ length: data.length }, (_, flat) => {
    let rest = flat;
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      source += (rest % (shape[axis] as number)) * (strides[perm[axis] as number] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return (data as Float32Array)[source] as number;
  });
  return { type, dims: shape, data: values };
}
