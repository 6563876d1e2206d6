// Normalizations: parameters go with the channels. Where statistics run over the channels, those that stay are normalized
// among themselves: allowed, but not the same as zeroing.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import type { Axis } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';
import { fromFront, passOn, tieOffsets } from './tools';

/** Scale, bias, running mean and variance are [C]. */
const batch: DependencyEntry = entry('follows', (site) => {
  const channels = site.unite(site.axis(0, 1), ...[1, 2, 3, 4].filter((at) => site.has(at)).map((at) => site.axis(at, 0)));
  passOn(site);
  site.node.outputs.slice(1).forEach((_, output) => site.give(output + 1, [channels]));
});

/** Statistics over positions, for each channel. */
const instance: DependencyEntry = entry('statistics', (site) => {
  const axes = passOn(site);
  site.unite(site.axis(0, 1), site.axis(1, 0), site.axis(2, 0));
  mixAxes(site, axes, axes.map((_, axis) => axis).filter((axis) => axis > 1));
});

/** Says that the entries along these axes of input 0 are normalized together. */
export function mixAxes(site: RelateSite, axes: readonly Axis[], mixed: readonly number[], others: readonly (readonly [number, number])[] = []): void {
  const free = mixed.filter((axis) => axes[axis] instanceof Int32Array);
  if (free.length > 0) site.mixes([...free.map((axis) => [0, axis] as const), ...others], free.map((axis) => [0, axis] as const));
}

/**
 * @param parameters positions of scale and bias, whose axes are the normalized ones.
 * @param besides further inputs (position, axis) that are normalized along with input 0.
 */
export function layerNorm(site: RelateSite, parameters: readonly number[], first: number, besides: readonly (readonly [number, number])[] = []): void {
  const axes = passOn(site);
  const mixed = axes.map((_, axis) => axis).filter((axis) => axis >= first);
  const others: (readonly [number, number])[] = [...besides];
  for (const position of parameters) {
    const rank = site.rank(position);
    site.axes(position).forEach((axis, index) => {
      const at = axes.length - rank + index;
      if (site.shape(position)?.[index] === 1 && site.shape(0)?.[at] !== 1) return;
      site.unite(axes[at] ?? site.fixed('lock.mismatch'), axis);
      if (mixed.includes(at)) others.push([position, index]);
    });
  }
  for (const axis of mixed) site.mark(axes[axis] ?? site.fixed(), 'hidden');
  mixAxes(site, axes, mixed, others);
  // Mean and deviation keep a lone entry at the normalized axes.
  const statistics = axes.map((axis, index) => (index < first ? axis : site.fixed('lock.position')));
  site.node.outputs.slice(1).forEach((_, output) => site.give(output + 1, statistics));
}

const layer = (parameters: readonly number[]): DependencyEntry => entry('statistics', (site) =>
  layerNorm(site, parameters, fromFront(intAttribute(site.node, 'axis', -1), site.rank(0))));

/** The number of groups stays: channels of equal offset in each are one unit. Scales are [C], before opset 21 [groups]. */
const group: DependencyEntry = entry('statistics', (site) => {
  const axes = passOn(site);
  const channels = site.axis(0, 1);
  tieOffsets(site, channels, intAttribute(site.node, 'num_groups', 1));
  const whole = [1, 2].filter((at) => site.shape(at)?.[0] === site.shape(0)?.[1]);
  site.unite(channels, ...whole.map((at) => site.axis(at, 0)));
  mixAxes(site, axes, axes.map((_, axis) => axis).filter((axis) => axis > 0), whole.map((at) => [at, 0] as const));
});

const acrossAxis = (axesOf: (site: RelateSite) => readonly number[]): DependencyEntry => entry('statistics', (site) =>
  mixAxes(site, passOn(site), axesOf(site).map((axis) => fromFront(axis, site.rank(0)))));

export const normalizationDependencies = {
  BatchNormalization: batch, InstanceNormalization: instance, GroupNormalization: group,
  LayerNormalization: layer([1, 2]), RMSNormalization: layer([1]),
  LRN: acrossAxis(() => [1]), LpNormalization: acrossAxis(({ node }) => [intAttribute(node, 'axis', -1)]),
  MeanVarianceNormalization: acrossAxis(({ node }) => intsAttribute(node, 'axes') ?? [0, 2, 3]),
} as const satisfies Record<string, DependencyEntry>;
