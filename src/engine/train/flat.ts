// Flat vectors: many tensors end to end in one float32 array, so that optimiser, averaging and clipping are a handful of
// nodes each and a step has a handful of inputs and outputs.

import { elementCount } from '../ir/model';
import type { GraphBuilder } from './graphBuilder';
import type { TrainableModel } from './trainable';
import type { TrainedValues } from './training';

export interface FlatEntry {
  /** Initializer of the training model. */
  readonly name: string;
  readonly dims: readonly number[];
  /** First element within the vector; `elementCount(dims)` follow in row-major order. */
  readonly offset: number;
}

export interface FlatVector {
  readonly name: VectorName;
  readonly entries: readonly FlatEntry[];
  /** Elements. */
  readonly length: number;
  /** 1 where elements are trained, 0 where they stay zero; absent where all are trained. */
  readonly mask?: Uint8Array;
}

/** `decayed`: weights on which weight decay acts; `plain`: the other weights; `statistics`: running averages. */
export type VectorName = 'decayed' | 'plain' | 'statistics';

export interface FlatLayout {
  /** The groups that have members, `decayed` first. */
  readonly groups: readonly FlatVector[];
  readonly statistics: FlatVector | undefined;
}

interface Named {
  readonly name: string;
  readonly dims: readonly number[];
  readonly mask?: Uint8Array;
}

/** Tensors in the order of the model, `extra` (weights that only a loss has) behind them. */
export function flatLayout(model: Pick<TrainableModel, 'parameters' | 'statistics'>, extra: readonly (Named & { readonly decay: boolean })[] = []): FlatLayout {
  const parameters = [...model.parameters, ...extra];
  const groups = [
    flatVector('decayed', parameters.filter(({ decay }) => decay)),
    flatVector('plain', parameters.filter(({ decay }) => !decay)),
  ].filter(({ length }) => length > 0);
  const statistics = flatVector('statistics', model.statistics.map(({ running, dims }) => ({ name: running, dims })));
  return { groups, statistics: statistics.length > 0 ? statistics : undefined };
}

function flatVector(name: VectorName, members: readonly Named[]): FlatVector {
  let length = 0;
  const entries = members.map((member): FlatEntry => {
    const offset = length;
    length += elementCount(member.dims);
    return { name: member.name, dims: member.dims, offset };
  });
  if (members.every(({ mask }) => mask === undefined)) return { name, entries, length };
  const mask = new Uint8Array(length).fill(1);
  members.forEach((member, index) => { if (member.mask !== undefined) mask.set(member.mask, entries[index]?.offset); });
  return { name, entries, length, mask };
}

/**
 * Appends nodes that give every tensor of the vector under its own name. Slices, not one Split: WebGPU binds every output
 * of a node at once and has room for a few only (maxStorageBuffersPerShaderStage, 8 by default).
 */
export function unpack(build: GraphBuilder, { entries }: FlatVector, flat: string): void {
  for (const { name, dims, offset } of entries) {
    const part = entries.length === 1 ? flat : build.slice(flat, 0, offset, offset + elementCount(dims));
    build.named('Reshape', [part, build.ints(dims)], [name]);
  }
}

/** Appends nodes that put tensors, in the order of the entries, end to end. */
export function pack(build: GraphBuilder, tensors: readonly string[]): string {
  return build.concat(tensors.map((tensor) => build.reshape(tensor, [-1])), 0);
}

/** The vector with `values` by name; names without a value keep zeros, and so does what the mask leaves out. */
export function flatten({ entries, length, mask }: FlatVector, values: TrainedValues): Float32Array {
  const flat = new Float32Array(length);
  for (const { name, offset } of entries) {
    const value = values.get(name);
    if (value !== undefined) flat.set(value, offset);
  }
  mask?.forEach((kept, at) => { if (kept === 0) flat[at] = 0; });
  return flat;
}

/** Copies of the vector's tensors by name. */
export function unflatten({ entries }: FlatVector, flat: Float32Array): Map<string, Float32Array> {
  return new Map(entries.map(({ name, dims, offset }) => [name, flat.slice(offset, offset + elementCount(dims))]));
}
