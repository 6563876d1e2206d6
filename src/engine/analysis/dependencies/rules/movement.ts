// Operators that move, cut or join axes.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Dim } from '../../../ir/model';
import { isLabels, type Axis } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';
import { matchDims } from '../reshape';
import { concatenated, fromFront, numbersAt } from './tools';

const reshaped: DependencyEntry = entry('rearranges', (site) => reshapeTo(site), 'reshape');
const flattened: DependencyEntry = entry('rearranges', (site) => reshapeTo(site));

/** Input 0 with the shape of output 0: axes that keep their size pass, merged and split ones become products. */
function reshapeTo(site: RelateSite): void {
  const [before, after] = [site.shape(0), site.outputShape(0)];
  if (before === null || after === null) {
    for (const axis of site.axes(0)) site.lock(axis, 'lock.size');
    return;
  }
  const given = new Map<number, Axis>();
  for (const { inputs, outputs, factors } of matchDims(before, after)) {
    const [from] = inputs;
    const [to] = outputs;
    if (factors === undefined) {
      for (const input of inputs) site.lock(site.axis(0, input), 'lock.size');
      for (const output of outputs) given.set(output, site.fixed('lock.size'));
    } else if (inputs.length === 1 && outputs.length === 1 && from !== undefined && to !== undefined) {
      given.set(to, site.axis(0, from));
    } else {
      splitAndMerge(site, inputs.map((axis) => [site.axis(0, axis), before[axis] ?? null] as const), outputs.map((axis) => [axis, after[axis] ?? null] as const), factors, given);
    }
  }
  site.give(0, after.map((_, axis) => given.get(axis) ?? site.fixed('lock.position')));
}

/** Both sides as products of the same factors, which are axes in between. */
function splitAndMerge(
  site: RelateSite, inputs: readonly (readonly [axis: Axis, size: Dim])[], outputs: readonly (readonly [axis: number, size: Dim])[],
  sizes: readonly number[], given: Map<number, Axis>,
): void {
  const factors: Axis[] = [];
  for (const [axis, size] of inputs) {
    const own = take(sizes, factors.length, Number(size));
    if (own.length === 1 || !isLabels(axis)) {
      factors.push(...(own.length === 1 ? [axis] : own.map(() => axis)));
      continue;
    }
    const parts = own.map((count) => site.fresh(count));
    site.product(axis, parts.map((part, index) => ({ axis: part, size: own[index] ?? 1 })));
    factors.push(...parts);
  }
  let at = 0;
  for (const [output, size] of outputs) {
    const own = take(sizes, at, Number(size));
    const parts = own.map((count, index) => ({ axis: factors[at + index] ?? site.fixed(), size: count }));
    at += own.length;
    const [only] = parts;
    if (own.length === 1 && only !== undefined) {
      given.set(output, only.axis);
      continue;
    }
    const locked = parts.find(({ axis }) => !isLabels(axis))?.axis;
    const open = parts.some(({ axis }) => isLabels(axis));
    if (!open) {
      given.set(output, locked ?? site.fixed('lock.position'));
      continue;
    }
    const flat = site.newAxis(size);
    site.product(flat, parts);
    given.set(output, flat);
  }
}

/** Factors from `start` on that multiply to `size`. */
function take(sizes: readonly number[], start: number, size: number): readonly number[] {
  const own: number[] = [];
  let product = 1;
  for (let at = start; at < sizes.length && product < size; at++) {
    const factor = sizes[at] ?? 1;
    own.push(factor);
    product *= factor;
  }
  return own;
}

const transposed: DependencyEntry = entry('rearranges', (site) => {
  const axes = site.axes(0);
  const order = intsAttribute(site.node, 'perm') ?? axes.map((_, axis) => axes.length - 1 - axis);
  site.give(0, order.map((axis) => axes[axis] ?? site.fixed()));
});

/** Axes of size 1 go or come; a lone entry is never removed. */
const squeezed: DependencyEntry = entry('rearranges', (site) => {
  const axes = site.axes(0);
  const shape = site.shape(0) ?? [];
  const listed = intsAttribute(site.node, 'axes') ?? (site.has(1) ? numbersAt(site, 1) : undefined);
  const dropped = listed?.map((axis) => fromFront(axis, axes.length)) ?? shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  site.give(0, axes.filter((_, axis) => !dropped.includes(axis)));
});

const unsqueezed: DependencyEntry = entry('rearranges', (site) => {
  const axes = [...site.axes(0)];
  const listed = intsAttribute(site.node, 'axes') ?? numbersAt(site, 1);
  if (listed === undefined) return;
  const rank = axes.length + listed.length;
  const added = listed.map((axis) => fromFront(axis, rank));
  site.give(0, Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? site.fixed('lock.position') : (axes.shift() ?? site.fixed()))));
});

const joined: DependencyEntry = entry('rearranges', (site) => {
  const rank = site.rank(0);
  const along = fromFront(intAttribute(site.node, 'axis', 1), rank);
  const positions = site.node.inputs.map((_, position) => position).filter((position) => site.has(position));
  site.give(0, Array.from({ length: rank }, (_, axis) => {
    const parts = positions.map((position) => ({ axis: site.axis(position, axis), size: site.shape(position)?.[axis] ?? null }));
    return axis === along ? concatenated(site, parts) : site.unite(...parts.map((part) => part.axis));
  }));
});

const split: DependencyEntry = entry('rearranges', (site) => {
  const axes = site.axes(0);
  const along = fromFront(intAttribute(site.node, 'axis', 0), axes.length);
  const own = axes[along];
  let start = 0;
  site.node.outputs.forEach((_, output) => {
    const size = site.outputShape(output)?.[along];
    const known = own !== undefined && isLabels(own) && typeof size === 'number' && start + size <= own.length;
    if (own !== undefined && isLabels(own) && !known) site.lock(own, 'lock.size');
    const part = known ? own.subarray(start, start + size) : site.fixed('lock.size');
    start += typeof size === 'number' ? size : 0;
    site.give(output, axes.map((axis, index) => (index === along ? part : axis)));
  });
}, 'split');

export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What a Slice takes, its bounds clamped to the shape; undefined where they are known at run time only. */
export function slicesOf(site: Pick<RelateSite, 'node' | 'elements' | 'has' | 'shape'>): readonly SliceRange[] | undefined {
  const shape = site.shape(0);
  const numbers = (name: string, position: number): readonly (number | null)[] | undefined =>
    intsAttribute(site.node, name) ?? (site.has(position) ? site.elements(position)?.map((dim) => (typeof dim === 'number' ? dim : null)) : undefined);
  const [starts, ends] = [numbers('starts', 1), numbers('ends', 2)];
  if (shape === null || starts === undefined || ends === undefined) return undefined;
  const axes = numbers('axes', 3) ?? (site.has(3) ? undefined : starts.map((_, axis) => axis));
  const steps = numbers('steps', 4) ?? (site.has(4) ? undefined : starts.map(() => 1));
  if (axes === undefined || steps === undefined) return undefined;
  return axes.map((named, index) => {
    const axis = fromFront(named ?? 0, shape.length);
    const size = shape[axis];
    const [start, end, step] = [starts[index] ?? NaN, ends[index] ?? NaN, steps[index] ?? NaN];
    if (typeof size !== 'number') return { axis, start: NaN, end: NaN, step };
    const clamp = (at: number): number => Math.min(Math.max(fromFront(at, size), 0), size);
    return { axis, start: clamp(start), end: clamp(end), step };
  });
}

const sliced: DependencyEntry = entry('rearranges', (site) => {
  const ranges = slicesOf(site);
  if (ranges === undefined) return;
  site.give(0, site.axes(0).map((axis, index) => {
    const range = ranges.find((one) => one.axis === index);
    if (range === undefined) return axis;
    if (isLabels(axis) && range.step === 1 && range.start <= range.end) return axis.subarray(range.start, range.end);
    site.lock(axis, 'lock.indexed');
    return site.fixed('lock.indexed');
  }));
}, 'slice');

/** Fixed indices choose entries; indices that are data lock the axis (a vocabulary), and the other axes pass. */
const gathered: DependencyEntry = entry('rearranges', (site) => {
  const data = site.axes(0);
  const along = fromFront(intAttribute(site.node, 'axis', 0), data.length);
  const own = data[along];
  const indices = site.isConstant(1) && site.rank(1) === 1 ? numbersAt(site, 1) : undefined;
  let chosen: readonly Axis[] = site.axes(1);
  if (own !== undefined && isLabels(own) && indices !== undefined) chosen = [Int32Array.from(indices, (index) => own[fromFront(index, own.length)] ?? 0)];
  else if (own !== undefined) site.lock(own, 'lock.indexed');
  const last = data.at(-1);
  if (site.isConstant(0) && !site.isConstant(1) && data.length === 2 && along === 0 && last !== undefined) site.mark(last, 'hidden');
  site.give(0, data.flatMap((axis, index) => (index === along ? chosen : [axis])));
}, 'gather');

/** Axes that are stretched are positions; the others follow. */
const expanded: DependencyEntry = entry('rearranges', (site) => {
  const [before, after] = [site.shape(0), site.outputShape(0)];
  if (before === null || after === null) return;
  site.give(0, after.map((size, axis) => {
    const own = axis - after.length + before.length;
    const dim = before[own];
    return dim !== undefined && (dim === size || dim !== 1) ? site.axis(0, own) : site.fixed('lock.position');
  }));
}, 'expand');

const tiled: DependencyEntry = entry('rearranges', (site) => {
  const repeats = numbersAt(site, 1);
  if (repeats === undefined) return;
  site.give(0, site.axes(0).map((axis, index) => {
    const count = repeats[index] ?? 1;
    return count === 1 ? axis : concatenated(site, Array.from({ length: count }, () => ({ axis, size: site.shape(0)?.[index] ?? null })));
  }));
});

export const movementDependencies = {
  Reshape: reshaped, Flatten: flattened, Transpose: transposed, Squeeze: squeezed, Unsqueeze: unsqueezed, Concat: joined,
  Split: split, Slice: sliced, Gather: gathered, Expand: expanded, Tile: tiled,
} as const satisfies Record<string, DependencyEntry>;
