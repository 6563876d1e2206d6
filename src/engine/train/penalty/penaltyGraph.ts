// The nodes of the acceleration loss: its value on the weights as they are, and the step that makes units smaller.
//
// The step is proximal and stands behind the optimiser's own, as AdamW's weight decay does: every unit becomes shorter by the
// same length, and what would become shorter than 0 is 0. Through the gradient the penalty comes to little, since AdamW divides
// it by the size of the losses' gradients: after 3 epochs of ds_cnn_s-kws12 with alpha 0.7 and learning rate 2e-3 its value was
// 0.97 so and 0.35 here, top-1 at half the MACs before recovery 66 % and 80 % (67 % without a penalty; 1,000 clips).

import { elementCount } from '../../ir/model';
import type { FlatLayout, FlatVector, VectorName } from '../flat';
import type { GraphBuilder } from '../graphBuilder';
import type { PlannedGroup, PlannedPenalty, PlannedSlot } from './planPenalty';

/** Keeps units of size 0 from dividing by it; far below any size that counts, and a normal float32. */
const NOTHING = 1e-12;

/** Tensor with the values of a weight, by its name. */
type TensorOf = (name: string) => string;

/** The penalty without its weight, rank 0. */
export function penaltyValue(build: GraphBuilder, { groups }: PlannedPenalty, tensorOf: TensorOf): string {
  const squares = squaresOf(build, tensorOf);
  const [first, ...rest] = groups.map((group) =>
    build.mul(build.reduceSum(sizes(build, group, squares), [0], false), build.scalar(group.share / (group.units * group.mean))));
  return first === undefined ? build.scalar(0) : build.sum([first, ...rest]);
}

/**
 * The vectors (`flat`, by name) with every unit shorter by `pull` (a tensor of rank 0) times its group's pull and mean size. An entry that
 * belongs to units of two groups is scaled by both.
 */
export function shrinkUnits(build: GraphBuilder, { groups }: PlannedPenalty, layout: FlatLayout, flat: ReadonlyMap<VectorName, string>, pull: string): ReadonlyMap<VectorName, string> {
  const vectors = layout.groups.map((vector) => ({ ...vector, flat: flat.get(vector.name) ?? '' }));
  const places = new Map(vectors.flatMap(({ entries, flat: whole }) => entries.map((entry) => [entry.name, { ...entry, whole }] as const)));
  const tensors = new Map<string, string>();
  const tensorOf = (name: string): string => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`no trained tensor ${name}`);
    const tensor = tensors.get(name) ?? build.reshape(build.slice(place.whole, 0, place.offset, place.offset + elementCount(place.dims)), place.dims);
    tensors.set(name, tensor);
    return tensor;
  };
  const squares = squaresOf(build, tensorOf);
  const shrunk = new Map<string, string>();
  for (const group of groups) {
    const lost = build.div(build.mul(pull, build.scalar(group.pull * group.mean)), build.node('Max', [sizes(build, group, squares), build.scalar(NOTHING)]));
    const left = build.node('Max', [build.sub(build.scalar(1), lost), build.scalar(0)]);
    for (const slot of group.slots) shrunk.set(slot.tensor, build.mul(shrunk.get(slot.tensor) ?? tensorOf(slot.tensor), spread(build, left, slot, group.units)));
  }
  return new Map(vectors.map((vector) => [vector.name, joined(build, vector, shrunk)]));
}

/** The vector with new tensors in it, cut apart only where they are. */
function joined(build: GraphBuilder, { entries, flat }: Pick<FlatVector, 'entries'> & { readonly flat: string }, changed: ReadonlyMap<string, string>): string {
  const parts: string[] = [];
  let from = 0;
  for (const { name, dims, offset } of entries) {
    const tensor = changed.get(name);
    if (tensor === undefined) continue;
    if (offset > from) parts.push(build.slice(flat, 0, from, offset));
    parts.push(build.reshape(tensor, [-1]));
    from = offset + elementCount(dims);
  }
  const last = entries.at(-1);
  const length = last === undefined ? 0 : last.offset + elementCount(last.dims);
  if (from === 0) return flat;
  return build.concat(from < length ? [...parts, build.slice(flat, 0, from, length)] : parts, 0);
}

type SquaresOf = (tensor: string) => string;

/** Squares of a tensor, written once. */
function squaresOf(build: GraphBuilder, tensorOf: TensorOf): SquaresOf {
  const known = new Map<string, string>();
  return (tensor) => {
    const squared = known.get(tensor) ?? build.mul(tensorOf(tensor), tensorOf(tensor));
    known.set(tensor, squared);
    return squared;
  };
}

/** Sizes of the units of a group: [units]. */
function sizes(build: GraphBuilder, { slots, units }: PlannedGroup, squares: SquaresOf): string {
  const [first, ...rest] = slots.map(({ tensor, dims, axis, perUnit, indices }) => {
    const others = dims.flatMap((_, other) => (other === axis ? [] : [other]));
    const byEntry = build.reduceSum(squares(tensor), others, false);
    const byUnit = isWhole(indices, dims[axis] ?? 0) ? byEntry : build.node('Gather', [byEntry, build.ints([...indices])]);
    return perUnit === 1 ? byUnit : build.reduceSum(build.reshape(byUnit, [units, perUnit]), [1], false);
  });
  if (first === undefined) throw new Error('a group without slots');
  return build.node('Sqrt', [build.sum([first, ...rest])]);
}

/** A number a unit ([units]) for every entry of the slot's axis, to multiply the tensor by; 1 for entries of no unit. */
function spread(build: GraphBuilder, byUnit: string, { dims, axis, perUnit, indices }: PlannedSlot, units: number): string {
  const length = dims[axis] ?? 0;
  const shape = dims.map((_, other) => (other === axis ? length : 1));
  if (perUnit === 1 && isWhole(indices, length)) return build.reshape(byUnit, shape);
  const unitOf = Array.from({ length }, () => units);
  indices.forEach((entry, at) => { unitOf[entry] = Math.floor(at / perUnit); });
  const one = build.constant({ type: 'float32', dims: [1], data: Float32Array.of(1) });
  return build.reshape(build.node('Gather', [build.concat([byUnit, one], 0), build.ints(unitOf)]), shape);
}

/** Whether the entries are those of the axis, in its order. */
function isWhole(indices: Int32Array, length: number): boolean {
  return indices.length === length && indices.every((entry, at) => entry === at);
}
