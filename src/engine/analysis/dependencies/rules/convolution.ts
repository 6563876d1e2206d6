// Convolutions: weights have input and output channels of their own. Weight layouts: Conv [out, in / group, ...kernel],
// ConvTranspose [in, out / group, ...kernel].

import { intAttribute } from '../../../ir/attributes';
import type { Axis } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';
import { tieOffsets } from './tools';

interface Positions {
  readonly x: number;
  readonly weights: number;
  /** Inputs of one number a filter. */
  readonly filters: readonly number[];
  /** A tensor that is added to the result. */
  readonly sum?: number;
}

/**
 * Depthwise (one input channel a group): a channel goes with all its filters, and `group` shrinks. Otherwise `group` stays
 * and channels of equal offset in each group are one unit, among inputs and among outputs, so that all groups stay equal.
 */
const convolution = ({ x, weights, filters, sum }: Positions): DependencyEntry => entry('weights', (site) => {
  const group = intAttribute(site.node, 'group', 1);
  const input = site.axis(x, 1);
  let output = site.axis(weights, 0);
  const inner = site.axis(weights, 1);
  if (group === 1) site.unite(input, inner);
  else if (site.shape(weights)?.[1] === 1) depthwise(site, input, output, group);
  else grouped(site, input, inner, output, group);
  for (const position of filters) if (site.rank(position) === 1 && site.shape(position)?.[0] !== 1) output = site.unite(output, site.axis(position, 0));
  site.mark(output, 'channels');
  const axes = [site.axis(x, 0), output, ...positionsOf(site)];
  if (sum !== undefined && site.has(sum)) site.axes(sum).forEach((axis, index) => void site.unite(axis, axes[index] ?? site.fixed('lock.position')));
  site.give(0, axes);
}, 'group');

function positionsOf(site: RelateSite): readonly Axis[] {
  return (site.outputShape(0) ?? []).slice(2).map(() => site.fixed('lock.position'));
}

function depthwise(site: RelateSite, input: Axis, output: Axis, group: number): void {
  if (!(output instanceof Int32Array)) return site.lock(input, 'lock.operator');
  const filters = output.length / group;
  if (!(input instanceof Int32Array) || input.length !== group || !Number.isInteger(filters)) {
    site.unite(output, input instanceof Int32Array ? site.fixed('lock.mismatch') : input);
    return site.lock(input, 'lock.mismatch');
  }
  for (let channel = 0; channel < group; channel++) {
    site.tie([input[channel] ?? 0, ...output.subarray(channel * filters, (channel + 1) * filters)]);
  }
}

function grouped(site: RelateSite, input: Axis, inner: Axis, output: Axis, group: number): void {
  tieOffsets(site, output, group);
  tieWithin(site, input, inner, group);
}

/** Offset j of every group of `whole` is entry j of `part`. */
function tieWithin(site: RelateSite, whole: Axis, part: Axis, group: number): void {
  if (!(whole instanceof Int32Array) || !(part instanceof Int32Array) || whole.length !== part.length * group) {
    site.lock(part, 'lock.mismatch');
    site.unite(whole, whole instanceof Int32Array ? site.fixed('lock.mismatch') : whole);
    if (!(whole instanceof Int32Array)) site.unite(part, whole);
    return;
  }
  tieOffsets(site, whole, group);
  part.forEach((label, offset) => site.tie([label, whole[offset] ?? 0]));
}

const transposed: DependencyEntry = entry('weights', (site) => {
  const group = intAttribute(site.node, 'group', 1);
  const input = site.axis(0, 1);
  const inner = site.axis(1, 1);
  site.unite(input, site.axis(1, 0));
  let output: Axis = inner;
  if (group > 1) {
    output = site.newAxis(site.outputShape(0)?.[1]);
    if (inner instanceof Int32Array && inner.length === 1 && site.shape(1)?.[0] === group) site.unite(output, input);
    else {
      tieOffsets(site, input, group);
      tieWithin(site, output, inner, group);
    }
  }
  if (site.has(2)) output = site.unite(output, site.axis(2, 0));
  site.mark(output, 'channels');
  site.give(0, [site.axis(0, 0), output, ...positionsOf(site)]);
}, 'group');

/** Inputs X, W, offset, bias, mask: the offsets belong to positions of the kernel. */
const deformed: DependencyEntry = entry('weights', (site) => {
  if (intAttribute(site.node, 'group', 1) !== 1 || intAttribute(site.node, 'offset_group', 1) !== 1) return;
  site.unite(site.axis(0, 1), site.axis(1, 1));
  const output = site.has(3) ? site.unite(site.axis(1, 0), site.axis(3, 0)) : site.axis(1, 0);
  site.mark(output, 'channels');
  site.give(0, [site.axis(0, 0), output, ...positionsOf(site)]);
});

/** X [batch, channels, length], W [channels, 1, kernel], bias, past state [batch, channels, kernel - 1]. */
const causal: DependencyEntry = entry('weights', (site) => {
  const channels = site.unite(site.axis(0, 1), site.axis(1, 0), ...[2, 3].filter((at) => site.has(at)).map((at) => site.axis(at, at === 2 ? 0 : 1)));
  site.give(0, [site.axis(0, 0), channels, site.fixed('lock.position')]);
  site.give(1, [site.axis(0, 0), channels, site.fixed('lock.position')]);
});

export const convolutionDependencies = {
  Conv: convolution({ x: 0, weights: 1, filters: [2] }),
  ConvInteger: convolution({ x: 0, weights: 1, filters: [3] }),
  QLinearConv: convolution({ x: 0, weights: 3, filters: [4, 5, 8] }),
  ConvTranspose: transposed, DeformConv: deformed, CausalConvWithState: causal,
} as const satisfies Record<string, DependencyEntry>;

/** onnxruntime's Conv with an activation and a sum (input Z). */
export const fusedConvolution: DependencyEntry = convolution({ x: 0, weights: 1, filters: [2], sum: 3 });
