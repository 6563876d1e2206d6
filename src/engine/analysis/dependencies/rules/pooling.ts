// Pooling, resampling and padding: channels pass, positions stay.

import { floatsAttribute, intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { fixed } from '../../../ir/shapes/index';
import type { Axis } from '../labels';
import { entry, locks, type DependencyEntry, type RelateSite } from '../rule';
import { concatenated, fromFront, numbersAt } from './tools';

/** Batch and channels pass; the positions of the input are locked by being left out. */
function channelsOnly(site: RelateSite): void {
  const shape = site.outputShape(0) ?? [];
  site.give(0, [site.axis(0, 0), site.axis(0, 1), ...shape.slice(2).map(() => site.fixed('lock.position'))]);
}

const pooled: DependencyEntry = entry('follows', channelsOnly);

/** The second output numbers the elements of the whole input, channels included. */
const maxPool: DependencyEntry = entry('follows', (site) => {
  if ((site.node.outputs[1] ?? '') !== '') site.lock(site.axis(0, 1), 'lock.indexed');
  channelsOnly(site);
});

/** Regions are rows of the result; the channels are those of the input. */
const regions: DependencyEntry = entry('follows', (site) => {
  const shape = site.outputShape(0) ?? [];
  site.give(0, shape.map((_, axis) => (axis === 1 ? site.axis(0, 1) : site.fixed('lock.position'))));
});

/** Axes that keep their size pass, the others are positions. */
const resized: DependencyEntry = entry('follows', (site) => {
  const [before, after] = [site.shape(0), site.outputShape(0)];
  if (before === null || after === null || stringAttribute(site.node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize') return;
  site.give(0, after.map((size, axis) => (size !== null && size === before[axis] ? site.axis(0, axis) : site.fixed('lock.position'))));
}, 'resize');

/** Amounts before and after each axis: of all axes, or of those in input 3. */
export function padsOf(site: Pick<RelateSite, 'node' | 'elements' | 'has'>, rank: number): readonly (readonly [number, number])[] | undefined {
  const pads = intsAttribute(site.node, 'pads') ?? intsAttribute(site.node, 'paddings') ?? fixed(site.elements(1));
  const axes = site.has(3) ? fixed(site.elements(3)) : Array.from({ length: rank }, (_, axis) => axis);
  if (pads === undefined || axes === undefined) return undefined;
  const found = Array.from({ length: rank }, (): readonly [number, number] => [0, 0]);
  axes.forEach((axis, index) => { found[fromFront(axis, rank)] = [pads[index] ?? 0, pads[index + axes.length] ?? 0]; });
  return found;
}

/** Padding of channels with a constant makes entries of its own, which may go (shortcuts of the CIFAR ResNets). */
const padded: DependencyEntry = entry('rearranges', (site) => {
  const rank = site.rank(0);
  const pads = padsOf(site, rank);
  if (pads === undefined) return;
  const constant = stringAttribute(site.node, 'mode', 'constant') === 'constant';
  site.give(0, pads.map(([before, after], axis): Axis => {
    const own = site.axis(0, axis);
    if (before === 0 && after === 0) return own;
    if (!constant || before < 0 || after < 0 || !(own instanceof Int32Array)) {
      site.lock(own, 'lock.position');
      return site.fixed('lock.position');
    }
    return concatenated(site, [site.newAxis(before), own, site.newAxis(after)].map((part) => ({ axis: part, size: null })));
  }));
}, 'pad');

/** Blocks of positions move into channels or out of them: a channel of the smaller side is one unit. */
const depthToSpace: DependencyEntry = entry('rearranges', (site) => {
  const block = intAttribute(site.node, 'blocksize', 1) ** 2;
  const columnsFirst = stringAttribute(site.node, 'mode', 'DCR') === 'CRD';
  site.give(0, [site.axis(0, 0), perBlock(site, site.axis(0, 1), block, columnsFirst), site.fixed('lock.position'), site.fixed('lock.position')]);
});

function perBlock(site: RelateSite, deep: Axis, block: number, blockLast: boolean): Axis {
  if (!(deep instanceof Int32Array)) return deep;
  const count = deep.length / block;
  if (!Number.isInteger(count)) return site.fixed('lock.mismatch');
  const member = (channel: number, part: number): number => deep[blockLast ? channel * block + part : part * count + channel] ?? 0;
  for (let channel = 0; channel < count; channel++) site.tie(Array.from({ length: block }, (_, part) => member(channel, part)));
  return Int32Array.from({ length: count }, (_, channel) => member(channel, 0));
}

const spaceToDepth: DependencyEntry = entry('rearranges', (site) => {
  const block = intAttribute(site.node, 'blocksize', 1) ** 2;
  const channels = site.axis(0, 1);
  site.give(0, [site.axis(0, 0), concatenated(site, Array.from({ length: block }, () => ({ axis: channels, size: site.shape(0)?.[1] ?? null }))), site.fixed('lock.position'), site.fixed('lock.position')]);
});

/** Before opset 10 (attribute) and after: scales an axis; axes with scale 1 pass. */
const upsampled: DependencyEntry = entry('follows', (site) => {
  const scales = floatsAttribute(site.node, 'scales') ?? numbersAt(site, 1);
  const [before, after] = [site.shape(0), site.outputShape(0)];
  if (before === null || after === null) return;
  site.give(0, before.map((size, axis) => ((scales === undefined ? size !== null && size === after[axis] : scales[axis] === 1) ? site.axis(0, axis) : site.fixed('lock.position'))));
});

export const poolingDependencies = {
  AveragePool: pooled, LpPool: pooled, GlobalAveragePool: pooled, GlobalLpPool: pooled, GlobalMaxPool: pooled, MaxPool: maxPool,
  MaxRoiPool: regions, RoiAlign: regions, GridSample: pooled,
  Resize: resized, Upsample: upsampled, Pad: padded, DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth,
  AffineGrid: locks, CenterCropPad: locks, Col2Im: locks, MaxUnpool: locks,
} as const satisfies Record<string, DependencyEntry>;
