// Repairs of positions that a node states along an axis that became shorter.

import { padsOf, slicesOf } from '../../../../analysis/dependencies/index';
import { intAttribute, ints, intsAttribute } from '../../../../ir/attributes';
import { fixed } from '../../../../ir/shapes/index';
import type { KeptEntries } from '../kept';
import { type Repair, steer } from '../repair';

function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** How many entries below `end` stay. */
function countBelow(kept: Int32Array, end: number): number {
  return kept.reduce((count, entry) => count + (entry < end ? 1 : 0), 0);
}

/** Sizes are an input from opset 13 on, an attribute before; without them the parts are equal. */
export const repairSplit: Repair = (site) => {
  const { node } = site;
  const axis = fromFront(intAttribute(node, 'axis', 0), site.shape(0)?.length ?? 0);
  if (site.inputKept(0, axis) === undefined) return;
  const sizes = node.outputs.map((_, output) => site.outputKept(output, axis)?.length ?? Number(site.outputShape(output)?.[axis] ?? 0));
  const stated = site.has(1) || node.attributes.has('split');
  if (!stated && isEqualSplit(sizes)) return;
  node.attributes.delete('num_outputs');
  if (site.opset >= 13) site.setInput(1, sizes);
  else node.attributes.set('split', ints(sizes));
};

/** Parts of one size; the last may be smaller (ONNX "Split", opset 18). */
function isEqualSplit(sizes: readonly number[]): boolean {
  const [first = 0] = sizes;
  return sizes.every((size) => size === first) || (sizes.slice(0, -1).every((size) => size === first) && (sizes.at(-1) ?? 0) < first
    && first === Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / sizes.length));
}

/** Bounds count the entries that stay; a bound beyond the end stays beyond the end. */
export const repairSlice: Repair = (site) => {
  const { node } = site;
  const [starts, ends] = [new Map<number, number>(), new Map<number, number | undefined>()];
  slicesOf(site)?.forEach(({ axis, start, end }, index) => {
    const kept = site.inputKept(0, axis);
    if (kept === undefined) return;
    starts.set(index, countBelow(kept, start));
    const stated = (intsAttribute(node, 'ends') ?? site.elements(2))?.[index];
    const size = Number(site.shape(0)?.[axis] ?? 0);
    ends.set(index, typeof stated === 'number' && stated >= size ? undefined : countBelow(kept, end));
  });
  for (const [name, position, values] of [['starts', 1, starts], ['ends', 2, ends]] as const) {
    const attribute = intsAttribute(node, name);
    if (attribute !== undefined) node.attributes.set(name, ints(attribute.map((value, index) => values.get(index) ?? value)));
    else steer(site, position, values);
  }
};

/** Fixed indices: those that stay, by their new positions. */
export const repairGather: Repair = (site) => {
  const axis = fromFront(intAttribute(site.node, 'axis', 0), site.shape(0)?.length ?? 0);
  const size = Number(site.shape(0)?.[axis] ?? 0);
  const kept = site.inputKept(0, axis);
  const indices = fixed(site.elements(1));
  if (kept === undefined || indices === undefined) return;
  const position = new Map([...kept].map((entry, at) => [entry, at]));
  site.setInput(1, indices.flatMap((index) => position.get(fromFront(index, size)) ?? []));
};

/** Padded entries that stay, before and after the data. */
export const repairPad: Repair = (site) => {
  const { node } = site;
  const shape = site.shape(0) ?? [];
  const pads = padsOf(site, shape.length) ?? [];
  const listed = site.has(3) ? (fixed(site.elements(3)) ?? []).map((axis) => fromFront(axis, shape.length)) : shape.map((_, axis) => axis);
  const changed = new Map<number, number>();
  listed.forEach((axis, index) => {
    const kept: KeptEntries = site.outputKept(0, axis);
    if (kept === undefined) return;
    const [before] = pads[axis] ?? [0];
    changed.set(index, countBelow(kept, before));
    changed.set(index + listed.length, kept.length - countBelow(kept, before + Number(shape[axis] ?? 0)));
  });
  const name = node.attributes.has('paddings') ? 'paddings' : 'pads';
  const attribute = intsAttribute(node, name);
  if (attribute !== undefined) node.attributes.set(name, ints(attribute.map((value, index) => changed.get(index) ?? value)));
  else steer(site, 1, changed);
};

/** Target sizes (input 3) of channels; scales are 1 there. */
export const repairResize: Repair = (site) => {
  if (!site.has(3)) return;
  const shape = site.shape(0) ?? [];
  const axes = intsAttribute(site.node, 'axes')?.map((axis) => fromFront(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const changed = new Map<number, number>();
  axes.forEach((axis, index) => {
    const kept = site.outputKept(0, axis);
    if (kept !== undefined) changed.set(index, kept.length);
  });
  steer(site, 3, changed);
};
