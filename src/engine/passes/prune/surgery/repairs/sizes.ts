// Repairs of sizes that a node states: groups, target shapes, hidden sizes.

import { int, intAttribute, ints, intsAttribute } from '../../../../ir/attributes';
import { type Repair, type RepairSite, steer } from '../repair';

/** Depthwise convolutions have as many groups as channels are left; others keep their number of groups. */
export const repairGroup: Repair = (site) => {
  const { node } = site;
  const group = intAttribute(node, 'group', 1);
  if (group === 1) return;
  const weights = site.shape(node.opType === 'QLinearConv' ? 3 : 1);
  const depthwise = weights?.[1] === 1 && (node.opType !== 'ConvTranspose' || weights[0] === group);
  const kept = site.inputKept(0, 1);
  if (depthwise && kept !== undefined) node.attributes.set('group', int(kept.length));
};

/** Sizes of output 0 that changed, by axis. */
function changedSizes(site: RepairSite): Map<number, number> {
  const changed = new Map<number, number>();
  site.outputShape(0)?.forEach((_, axis) => {
    const kept = site.outputKept(0, axis);
    if (kept !== undefined) changed.set(axis, kept.length);
  });
  return changed;
}

/** Entries 0 (as the input) and -1 (the rest) hold as they are. */
export const repairReshape: Repair = (site) => {
  const { node } = site;
  const sizes = changedSizes(site);
  const target = intsAttribute(node, 'shape');
  const stated = target ?? site.elements(1) ?? [];
  const changed = new Map([...sizes].filter(([axis]) => stated[axis] !== 0 && stated[axis] !== -1));
  if (target !== undefined) node.attributes.set('shape', ints(target.map((size, axis) => changed.get(axis) ?? size)));
  else steer(site, 1, changed);
};

/** The target may be shorter than the rank of the result: it is aligned at the end; 1 stretches nothing. */
export const repairExpand: Repair = (site) => {
  const rank = site.outputShape(0)?.length ?? 0;
  const target = site.elements(1);
  const length = Number(site.shape(1)?.[0] ?? rank);
  const changed = [...changedSizes(site)].map(([axis, size]) => [axis - rank + length, size] as const)
    .filter(([at]) => at >= 0 && target?.[at] !== 1);
  steer(site, 1, new Map(changed));
};

export const repairConstantOfShape: Repair = (site) => steer(site, 0, changedSizes(site));

/** R is [directions, gates * hidden, hidden]. */
export const repairHidden: Repair = (site) => {
  const kept = site.inputKept(2, 2);
  if (kept !== undefined && site.node.attributes.has('hidden_size')) site.node.attributes.set('hidden_size', int(kept.length));
};
