// What tests of refitting share: small graphs whose second half of channels repeats the first, removing that half, and fitting.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../src/engine/data/dataset';
import { findDependencies } from '../../../../src/engine/analysis/dependencies/index';
import type { Model, Node } from '../../../../src/engine/ir/model';
import type { NdArray } from '../../../../src/engine/ports';
import type { PassContext } from '../../../../src/engine/passes/pass';
import { refit, type RefitOutcome, type RefitTask } from '../../../../src/engine/passes/refit/refit';
import { type Removal, removeUnits } from '../../../../src/engine/passes/prune/surgery/index';
import { outputsOf, relativeDifference } from '../../../support/models';
import { contextFor, floats, node, small } from '../quantize/staticSupport';

/** Channels of a producer: of each half, those of the second are multiples of those of the first. */
export const CHANNELS = 8;

/** A matrix or kernel with rows on axis 0, whose rows repeat within every of `groups` blocks: the second half is the first times `scale`. */
export function repeated(dims: readonly number[], { groups = 1, scale = 1.5, seed = 1 } = {}): NdArray & { readonly data: Float32Array } {
  const given = floats(dims, seed);
  const row = given.data.length / (dims[0] ?? 1);
  const block = (dims[0] ?? 1) / groups;
  const data = given.data.map((value, at) => {
    const index = Math.floor(at / row);
    const isCopy = index % block >= block / 2;
    return isCopy ? scale * (given.data[at - (block / 2) * row] ?? NaN) : value;
  });
  return { ...given, data };
}

/** The same with rows on the last axis. */
export function repeatedColumns(dims: readonly [number, number], options: { readonly scale?: number; readonly seed?: number } = {}): NdArray & { readonly data: Float32Array } {
  const { data } = repeated([dims[1], dims[0]], options);
  return { type: 'float32', dims, data: Float32Array.from({ length: data.length }, (_, at) => data[(at % dims[1]) * dims[0] + Math.floor(at / dims[1])] ?? NaN) };
}

/** Without the units whose entries on axis `axis` of the weight all lie in the second half of its `groups` blocks. */
export async function withoutCopies(model: Model, weights: readonly string[], { groups = 1, axis = 0 } = {}): Promise<Removal> {
  const dependencies = await findDependencies(model);
  const chosen = new Map<string, number[]>();
  for (const { id, size, weights: slots } of dependencies.groups) {
    const slot = slots.find((one) => weights.includes(one.tensor) && one.axis === axis);
    if (slot === undefined) continue;
    const block = (slot.indices.length / groups);
    const copies = Array.from({ length: size }, (_, unit) => unit).filter((unit) =>
      slot.indices.subarray(unit * slot.perUnit, (unit + 1) * slot.perUnit).every((entry) => entry % block >= block / 2));
    chosen.set(id, copies);
  }
  assert.ok(chosen.size === weights.length && [...chosen.values()].every((units) => units.length > 0), 'the graph has no such units');
  return removeUnits(model, dependencies, chosen);
}

export function fit(original: Model, removal: Removal, data: Dataset, options: Partial<RefitTask> = {}, context: Partial<PassContext> = {}): Promise<RefitOutcome> {
  const split = data.splits.get('train');
  assert.ok(split);
  return refit({ original, smaller: removal.model, kept: (name) => removal.kept.tensor(name), split, samples: split.size, activity: 'progress.pruning', ...options }, contextFor(original, data, context));
}

/** Largest relative difference of the outputs on inputs that no fit has seen. */
export async function differs(one: Model, other: Model, shape: readonly number[]): Promise<number> {
  const x = floats([4, ...shape], 77);
  const [expected, found] = [await outputsOf(one, { x }), await outputsOf(other, { x })];
  return Math.max(...Object.entries(expected).map(([name, array]) => relativeDifference(array, found[name] as NdArray)));
}

/** x, a convolution that repeats itself, Relu, and the node under test, which reads `h` and makes `y`. */
export function behindConvolution(reader: Node, constants: Readonly<Record<string, NdArray>>, { groups = 1, more = [] as readonly Node[], size = [7, 6] } = {}): Model {
  return small({
    nodes: [
      node('Conv', ['x', 'p', 'pb'], ['c']), node('Relu', ['c'], ['h']), reader, ...more,
    ],
    constants: { p: repeated([CHANNELS, 3, 1, 1], { groups }), pb: repeated([CHANNELS], { groups, seed: 4 }), ...constants },
    shape: ['N', 3, ...size],
  });
}
