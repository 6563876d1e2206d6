// Reductions. Over channels they are statistics of those that stay: allowed, since normalizations written out need it, but
// not the same as zeroing. Choices by number (ArgMax, TopK) lock their axis.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import { entry, type DependencyEntry, type RelateSite } from '../rule';
import { fromFront, numbersAt } from './tools';

/** Reduced axes; undefined where they are known at run time only. */
function reducedAxes(site: RelateSite): readonly number[] | undefined {
  const rank = site.rank(0);
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const attribute = intsAttribute(site.node, 'axes');
  const listed = attribute ?? (site.has(1) ? numbersAt(site, 1) : []);
  if (listed === undefined) return undefined;
  if (listed.length > 0) return listed.map((axis) => fromFront(axis, rank));
  return intAttribute(site.node, 'noop_with_empty_axes', 0) === 1 ? [] : all;
}

const reduced: DependencyEntry = entry('statistics', (site) => {
  const over = reducedAxes(site);
  if (over === undefined) return;
  const axes = site.axes(0);
  mixReduced(site, axes, over);
  const keep = intAttribute(site.node, 'keepdims', 1) === 1;
  site.give(0, axes.flatMap((axis, index) => (!over.includes(index) ? [axis] : keep ? [site.fixed('lock.position')] : [])));
});

function mixReduced(site: RelateSite, axes: ReturnType<RelateSite['axes']>, over: readonly number[]): void {
  const free = over.filter((axis) => axes[axis] instanceof Int32Array);
  if (free.length > 0) site.mixes(free.map((axis) => [0, axis] as const));
}

const chosen: DependencyEntry = entry('follows', (site) => {
  const axis = fromFront(intAttribute(site.node, 'axis', 0), site.rank(0));
  const axes = site.axes(0);
  const own = axes[axis];
  if (own !== undefined) site.lock(own, 'lock.indexed');
  const keep = intAttribute(site.node, 'keepdims', 1) === 1;
  site.give(0, axes.flatMap((one, index) => (index !== axis ? [one] : keep ? [site.fixed('lock.indexed')] : [])));
});

const topK: DependencyEntry = entry('follows', (site) => {
  const axis = fromFront(intAttribute(site.node, 'axis', -1), site.rank(0));
  const own = site.axes(0)[axis];
  if (own !== undefined) site.lock(own, 'lock.indexed');
  const axes = site.axes(0).map((one, index) => (index === axis ? site.fixed('lock.indexed') : one));
  site.give(0, axes);
  site.give(1, axes);
});

export const reduceDependencies = {
  ReduceL1: reduced, ReduceL2: reduced, ReduceLogSum: reduced, ReduceLogSumExp: reduced, ReduceMax: reduced, ReduceMean: reduced,
  ReduceMin: reduced, ReduceProd: reduced, ReduceSum: reduced, ReduceSumSquare: reduced,
  ArgMax: chosen, ArgMin: chosen, TopK: topK,
} as const satisfies Record<string, DependencyEntry>;

