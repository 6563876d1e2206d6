// Gradients of attention and rotary embedding: decompositions against onnxruntime's kernels, then against float64 references.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { float, int } from '../../../../src/engine/ir/attributes';
import type { NdArray } from '../../../../src/engine/ports';
import { analyticGradients, checkAgainst, checkLinear, int64s, type OperatorCase, uniform, wholeNumbers } from '../../../support/gradientCheck';
import { checkForward } from '../../../support/rewriteCheck';
import { attentionReference, broadcast } from './reference/attention';

const bools = (dims: readonly number[], seed: number): NdArray =>
  ({ type: 'bool', dims, data: Uint8Array.from(uniform(dims, seed, 0, 1).data as Float32Array, (value, at) => (value > 0.4 || at % (dims.at(-1) ?? 1) === 0 ? 1 : 0)) });

/** Keys of the past, where there is one. */
const PAST = 2;

const attentionForms = fc.record({
  batch: fc.integer({ min: 1, max: 2 }), heads: fc.integer({ min: 1, max: 2 }), group: fc.integer({ min: 1, max: 2 }),
  queries: fc.integer({ min: 1, max: 3 }), keys: fc.integer({ min: 1, max: 3 }), size: fc.constantFrom(2, 4), valueSize: fc.constantFrom(2, 3),
  merged: fc.boolean(), causal: fc.boolean(), mask: fc.constantFrom('none', 'float', 'bool'), maskRank: fc.constantFrom(2, 3, 4), past: fc.boolean(),
  scale: fc.constantFrom(undefined, 0.7), softcap: fc.constantFrom(0, 1.5), seed: fc.nat(10_000),
}).map((form) => ({ ...form, keys: form.causal && form.past ? form.queries : form.keys }));
type AttentionForm = typeof attentionForms extends fc.Arbitrary<infer T> ? T : never;

function attentionCase(form: AttentionForm): OperatorCase {
  const { batch, heads, group, queries, keys, size, valueSize, merged, seed } = form;
  const tensor = (count: number, length: number, width: number, offset: number): NdArray =>
    uniform(merged ? [batch, length, count * width] : [batch, count, length, width], seed + offset);
  const before = form.past ? PAST : 0;
  const maskShape = [batch, 1, queries, keys + before].slice(4 - form.maskRank).map((dim, axis, all) => (axis === 0 && all.length === 3 ? 1 : dim));
  const mask = form.mask === 'none' ? null : form.mask === 'float' ? uniform(maskShape, seed + 3) : bools(maskShape, seed + 3);
  const past = (width: number, offset: number): NdArray | null => (form.past ? uniform([batch, heads, before, width], seed + offset) : null);
  return {
    op: 'Attention', opset: 23, outputs: form.past ? 3 : 1,
    attributes: {
      is_causal: int(form.causal ? 1 : 0), softcap: float(form.softcap),
      ...(form.scale !== undefined && { scale: float(form.scale) }),
      ...(merged && { q_num_heads: int(heads * group), kv_num_heads: int(heads) }),
    },
    inputs: [tensor(heads * group, queries, size, 0), tensor(heads, keys, size, 1), tensor(heads, keys, valueSize, 2), mask, past(size, 4), past(valueSize, 5)],
  };
}

function referenceOf(form: AttentionForm, test: OperatorCase): (inputs: readonly Float64Array[]) => readonly Float64Array[] {
  const mask = test.inputs[3];
  return (inputs) => attentionReference({
    ...form, before: form.past ? PAST : 0, scale: form.scale ?? 1 / Math.sqrt(form.size),
    mask: mask?.type === 'float32' ? mask.dims : undefined,
    sees: (...index) => mask?.type !== 'bool' || (mask.data as Uint8Array)[broadcast(mask.dims, index)] === 1,
  }, inputs);
}

const rotaryForms = fc.record({
  batch: fc.integer({ min: 1, max: 2 }), heads: fc.integer({ min: 1, max: 3 }), positions: fc.integer({ min: 1, max: 4 }),
  angles: fc.integer({ min: 1, max: 3 }), rest: fc.constantFrom(0, 2), merged: fc.boolean(), ids: fc.boolean(), interleaved: fc.boolean(), seed: fc.nat(10_000),
});
type RotaryForm = typeof rotaryForms extends fc.Arbitrary<infer T> ? T : never;

function rotaryCase({ batch, heads, positions, angles, rest, merged, ids, interleaved, seed }: RotaryForm, draw: (dims: readonly number[], seed: number) => NdArray = uniform): OperatorCase {
  const size = 2 * angles + rest;
  const table = (offset: number): NdArray => draw(ids ? [6, angles] : [batch, positions, angles], seed + offset);
  return {
    op: 'RotaryEmbedding', opset: 23,
    attributes: { interleaved: int(interleaved ? 1 : 0), ...(rest > 0 && { rotary_embedding_dim: int(2 * angles) }), ...((merged || rest > 0) && { num_heads: int(heads) }) },
    inputs: [
      draw(merged ? [batch, positions, heads * size] : [batch, heads, positions, size], seed), table(1), table(2),
      ...(ids ? [int64s([batch, positions], Array.from({ length: batch * positions }, (_, at) => (at * 7 + seed) % 6))] : []),
    ],
  };
}

describe('gradients: attention', () => {
  it('writes Attention out as its kernel computes it', async () => {
    await fc.assert(fc.asyncProperty(attentionForms, async (form) => { await checkForward(attentionCase(form)); }), { numRuns: 60 });
  }).timeout(20_000);

  it('writes RotaryEmbedding out as its kernel computes it', async () => {
    await fc.assert(fc.asyncProperty(rotaryForms, async (form) => { await checkForward(rotaryCase(form)); }), { numRuns: 40 });
  }).timeout(20_000);

  it('differentiates Attention by queries, keys, values, a mask that is added, and the past', async () => {
    await fc.assert(fc.asyncProperty(attentionForms, async (form) => {
      const test = attentionCase(form);
      await checkAgainst(test, referenceOf(form, test));
    }), { numRuns: 40 });
  }).timeout(30_000);

  it('differentiates RotaryEmbedding by the data and the tables', async () => {
    await fc.assert(fc.asyncProperty(rotaryForms, async (form) => { await checkLinear(rotaryCase(form, wholeNumbers)); }), { numRuns: 25 });
  }).timeout(30_000);

  it('refuses what it does not write out: the scores as output, lengths of keys, a causal past of other lengths', async () => {
    const x = uniform([1, 1, 2, 4], 1);
    await assert.rejects(analyticGradients({ op: 'Attention', opset: 23, outputs: 4, lossOutputs: [0], inputs: [x, x, x] }), { code: 'gradientFormUnsupported' });
    await assert.rejects(analyticGradients({ op: 'Attention', opset: 24, inputs: [x, x, x, null, null, null, int64s([1], [1])] }), { code: 'gradientFormUnsupported' });
    const query = uniform([1, 1, 1, 4], 2);
    await assert.rejects(analyticGradients({ op: 'Attention', opset: 23, outputs: 3, attributes: { is_causal: int(1) }, inputs: [query, x, x, null, x, x] }), { code: 'gradientFormUnsupported' });
  });
});
