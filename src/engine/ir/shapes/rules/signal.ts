// Signal, vision and text operators that fit no other family.

import { intAttribute, intsAttribute, stringAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Dim } from '../../model';
import { addDims, divideDims, multiplyDims, subtractDims } from '../dims';
import type { Rule } from '../rule';
import { axisOf, isRanked, tensor } from '../tensorShape';

const half = (length: Dim): Dim => addDims(divideDims(length, 2, 'floor'), 1);

/** The last axis is 1 (real) or 2 (complex); the axis is an attribute before opset 20, an input from then on. */
const dft: Rule = ({ node, opset, inputs: [x, length, axisInput] }) => {
  const type = x?.type ?? 'undefined';
  if (!isRanked(x)) return [tensor(type, null)];
  const { shape } = x;
  const chosen = axisInput === undefined ? intAttribute(node, 'axis', opset < 20 ? 1 : -2) : axisInput.value?.[0];
  const axis = typeof chosen === 'number' ? axisOf(chosen, shape.length) : undefined;
  if (axis === undefined) return [tensor(type, [...shape.slice(0, -1).map(() => null), null])];
  const size = length === undefined ? (shape[axis] ?? null) : (length.value?.[0] ?? null);
  const onesided = intAttribute(node, 'onesided', 0) === 1;
  const inverse = intAttribute(node, 'inverse', 0) === 1;
  // The half spectrum of a real signal of even length n has n / 2 + 1 entries.
  const result = onesided && !inverse ? half(size) : onesided && length === undefined ? multiplyDims(2, subtractDims(size, 1)) : size;
  return [tensor(type, shape.map((dim, at) => (at === axis ? result : at === shape.length - 1 ? (onesided && inverse ? 1 : 2) : dim)))];
};

const stft: Rule = ({ node, inputs: [x, step, window, length] }) => {
  const type = x?.type ?? 'undefined';
  const frame = length?.value?.[0] ?? window?.shape?.[0] ?? null;
  const frames = addDims(divideDims(subtractDims(x?.shape?.[1] ?? null, frame), step?.value?.[0] ?? null, 'floor'), 1);
  return [tensor(type, [x?.shape?.[0] ?? null, frames, intAttribute(node, 'onesided', 1) === 1 ? half(frame) : frame, 2])];
};

/** grid is [N, ...output sizes, number of axes]. */
const gridSample: Rule = ({ inputs: [x, grid] }) => [tensor(x?.type ?? 'undefined', !isRanked(x) || !isRanked(grid)
  ? null
  : [x.shape[0] ?? null, x.shape[1] ?? null, ...grid.shape.slice(1, -1)])];

/** size is [N, C, (D,) H, W]; the grid has a coordinate for every spatial axis. */
const affineGrid: Rule = ({ inputs: [theta, size] }) => {
  const sizes = size?.value;
  return [tensor(theta?.type ?? 'undefined', sizes === undefined ? null : [sizes[0] ?? null, ...sizes.slice(2), sizes.length - 2])];
};

const roiAlign: Rule = ({ node, inputs: [x, rois] }) => [tensor(x?.type ?? 'undefined',
  [rois?.shape?.[0] ?? null, x?.shape?.[1] ?? null, intAttribute(node, 'output_height', 1), intAttribute(node, 'output_width', 1)])];

const maxRoiPool: Rule = ({ node, inputs: [x, rois] }) => [tensor(x?.type ?? 'undefined',
  [rois?.shape?.[0] ?? null, x?.shape?.[1] ?? null, ...(intsAttribute(node, 'pooled_shape') ?? [null, null])])];

const stringNormalizer: Rule = ({ node, inputs: [x] }) => {
  const removes = node.attributes.has('stopwords');
  return [tensor('string', x?.shape?.map((dim, axis) => (removes && axis === (x.shape?.length ?? 0) - 1 ? null : dim)) ?? null)];
};

const tfIdf: Rule = ({ node, inputs: [x] }) => {
  const columns = intsAttribute(node, 'ngram_indexes');
  const size = columns === undefined ? null : Math.max(...columns) + 1;
  return [tensor('float32', !isRanked(x) ? null : [...x.shape.slice(0, -1), size])];
};

export const signalRules = {
  DFT: dft, STFT: stft, GridSample: gridSample, AffineGrid: affineGrid, RoiAlign: roiAlign, MaxRoiPool: maxRoiPool,
  NonMaxSuppression: () => [tensor('int64', [null, 3])],
  ImageDecoder: ({ node }) => [tensor('uint8', [null, null, stringAttribute(node, 'pixel_format', 'RGB') === 'Grayscale' ? 1 : 3])],
  StringNormalizer: stringNormalizer, TfIdfVectorizer: tfIdf,
  StringSplit: ({ inputs: [x] }) => [tensor('string', !isRanked(x) ? null : [...x.shape, null]), tensor('int64', x?.shape ?? null)],
  BitCast: ({ node, inputs: [x] }) => [tensor(dataTypeOf(intAttribute(node, 'to', 0)), x?.shape ?? null)],
} as const satisfies Record<string, Rule>;
