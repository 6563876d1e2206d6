// From numbers an element or an entry of a tensor to numbers a unit.

import type { DependencyGroup, Slot } from '../../../analysis/dependencies/index';
import { numberAt } from '../../../data/preprocess/cast';
import { isFloat } from '../../../ir/dataTypes';
import { indexGraph } from '../../../ir/graphIndex';
import type { Model } from '../../../ir/model';
import { isOp } from '../../../ir/model';
import { readTensor } from '../../../ir/tensors';
import { storedTensor } from '../../linear/findWeights';

/** The importance of units by group id; groups that a criterion says nothing about are missing. */
export type Importance = ReadonlyMap<string, Float64Array>;

/** For each entry of an axis the sum of `values` over all other axes. */
export function sumsAlong(values: ArrayLike<number>, dims: readonly number[], axis: number): Float64Array {
  const size = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const sums = new Float64Array(size);
  for (let start = 0, entry = 0; start < values.length; start += inner, entry = entry + 1 === size ? 0 : entry + 1) {
    let sum = 0;
    for (let at = start; at < start + inner; at += 1) sum += values[at] as number;
    sums[entry] = (sums[entry] as number) + sum;
  }
  return sums;
}

/** Sums of the entries that each unit holds in a slot. */
export function unitSums({ perUnit, indices }: Slot, entries: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(indices.length / perUnit);
  indices.forEach((entry, at) => {
    const unit = Math.floor(at / perUnit);
    sums[unit] = (sums[unit] as number) + (entries[entry] ?? 0);
  });
  return sums;
}

/** Adds `more` to what the group has, element by element. */
export function accumulate(into: Map<string, Float64Array>, { id }: DependencyGroup, more: Float64Array): void {
  const sums = into.get(id);
  if (sums === undefined) into.set(id, more.slice());
  else more.forEach((value, unit) => { sums[unit] = (sums[unit] as number) + value; });
}

export interface StoredValues {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A stored float tensor as float32; undefined for other types and generated tensors. */
export async function floatValues(model: Model, name: string): Promise<StoredValues | undefined> {
  const tensor = storedTensor(model, name);
  if (tensor === undefined || !isFloat(tensor.type)) return undefined;
  const array = await readTensor(tensor);
  if (array.data instanceof Float32Array) return { dims: array.dims, values: array.data };
  const at = numberAt(array);
  return { dims: array.dims, values: Float32Array.from({ length: array.data.length }, (_, index) => at(index)) };
}

/** Scales of BatchNormalization by name of the tensor. */
export function batchNormScales({ graph }: Model): ReadonlySet<string> {
  return new Set(graph.nodes.flatMap((node) => (isOp(node, 'BatchNormalization') ? [node.inputs[1] ?? ''] : [])));
}

/** Kernels of convolutions whose output goes to a BatchNormalization and nowhere else. */
export function normalizedKernels({ graph }: Model): ReadonlySet<string> {
  const index = indexGraph(graph);
  return new Set(graph.nodes.flatMap((node) => {
    const output = node.outputs[0] ?? '';
    const uses = index.uses(output);
    return isOp(node, 'Conv') && uses.length > 0 && !index.outputs.has(output) && uses.every((use) => isOp(use.node, 'BatchNormalization')) ? [node.inputs[1] ?? ''] : [];
  }));
}

/** Kernels, matrices and scales: what multiplies. Biases and running statistics say nothing about the size of a signal. */
export function multiplies(name: string, dims: readonly number[], scales: ReadonlySet<string>): boolean {
  return dims.length >= 2 || scales.has(name);
}
