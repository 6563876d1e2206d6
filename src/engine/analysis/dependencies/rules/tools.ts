// What many dependency rules share.

import type { Dim } from '../../../ir/model';
import { fixed } from '../../../ir/shapes/index';
import { type Axis, isLabels, mostEntries } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';

/** Axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Every axis of input 0 goes to all outputs; further inputs of the list steer and hold no entries. */
export function passOn(site: RelateSite, ...steering: readonly number[]): readonly Axis[] {
  const axes = site.axes(0);
  site.node.outputs.forEach((_, output) => site.give(output, axes));
  for (const position of steering) site.axes(position);
  return axes;
}

export const unary: DependencyEntry = entry('follows', (site) => void passOn(site));

/**
 * Axes of the result of broadcasting inputs against each other: at each axis the inputs that are not stretched go together.
 * Entries of a stretched axis are left as they are: a lone entry is never removed.
 */
export function broadcastAxes(site: RelateSite, positions: readonly number[], result = site.outputShape(0)): readonly Axis[] {
  const present = positions.filter((position) => site.has(position));
  if (result === null) return [];
  const rank = result.length;
  return result.map((size, axis) => {
    const meeting = present.flatMap((position) => {
      const shape = site.shape(position);
      const own = axis - rank + (shape?.length ?? 0);
      const dim = shape?.[own];
      return dim === undefined ? [] : [{ dim, axis: site.axis(position, own) }];
    });
    const whole = meeting.filter(({ dim }) => dim === size || dim !== 1);
    return whole.length === 0 ? site.fixed('lock.position') : site.unite(...whole.map((one) => one.axis));
  });
}

export function broadcasting(...positions: readonly number[]): DependencyEntry {
  return entry('follows', (site) => {
    site.give(0, broadcastAxes(site, positions.length > 0 ? positions : site.node.inputs.map((_, position) => position)));
  });
}

/** Follows input 0 with the given axes locked. */
export function passExcept(site: RelateSite, axes: readonly number[] | 'all', code: Parameters<RelateSite['lock']>[1]): void {
  const own = site.axes(0);
  own.forEach((axis, index) => {
    if (axes === 'all' || axes.includes(index)) site.lock(axis, code);
  });
  site.node.outputs.forEach((_, output) => site.give(output, own));
}

/** The elements of a steering input, when all are known. */
export function numbersAt(site: RelateSite, position: number): readonly number[] | undefined {
  return fixed(site.elements(position));
}

/** Labels of `count` equal blocks of an axis: each block is one unit. Locks what cannot be cut so. */
export function blocks(site: RelateSite, axis: Axis, count: number): Axis {
  if (!(axis instanceof Int32Array)) return axis;
  const size = axis.length / count;
  if (count < 1 || !Number.isInteger(size)) {
    site.lock(axis, 'lock.mismatch');
    return site.fixed('lock.mismatch');
  }
  for (let block = 0; block < count; block++) site.tie(axis.subarray(block * size, (block + 1) * size));
  return Int32Array.from({ length: count }, (_, block) => axis[block * size] ?? 0);
}

/** Ties entries at equal offset in `count` equal blocks, so that blocks shrink alike and their number stays. */
export function tieOffsets(site: RelateSite, axis: Axis, count: number): void {
  if (!(axis instanceof Int32Array) || count <= 1) return;
  const size = axis.length / count;
  if (!Number.isInteger(size)) return site.lock(axis, 'lock.mismatch');
  for (let offset = 0; offset < size; offset++) {
    site.tie(Array.from({ length: count }, (_, block) => axis[block * size + offset] ?? 0));
  }
}

/** Several axes one after the other: locked parts become locked entries; a part of unknown size locks the rest. */
export function concatenated(site: RelateSite, parts: readonly { readonly axis: Axis; readonly size: Dim }[]): Axis {
  const lock = parts.map(({ axis }) => axis).find((axis) => !isLabels(axis));
  const length = parts.reduce((sum, { axis, size }) => sum + (isLabels(axis) ? axis.length : typeof size === 'number' ? size : Infinity), 0);
  if (length > mostEntries || parts.every(({ axis }) => !isLabels(axis))) {
    const whole = lock ?? site.fixed('lock.size');
    for (const { axis } of parts) site.unite(axis, whole);
    return whole;
  }
  const result = new Int32Array(length);
  let at = 0;
  for (const { axis, size } of parts) {
    const part = isLabels(axis) ? axis : site.fresh(Number(size), axis);
    result.set(part, at);
    at += part.length;
  }
  return result;
}
