// Mean intersection over union of segmentation masks.

import type { NdArray } from '../../ports';
import type { Batch } from '../dataset';
import { numberAt } from '../preprocess/cast';
import { type Metric, type Outputs, corpusMetric } from './metric';
import { labelNumbers, labelOf, outputMismatch } from './readOutputs';

/** Pixels with this label count for nothing (the border of Pascal VOC, the void of Cityscapes). */
const IGNORED = 255;

/** Intersection and union of each class in one sample, `[i0, u0, i1, u1, ...]`. */
type Overlap = Float64Array;

/** Intersections and unions are summed over the corpus, then averaged over the classes that occur. */
export function meanIou(): Metric {
  return corpusMetric<Overlap>({
    name: 'miou',
    higherIsBetter: true,
    rows: (outputs, batch) => Array.from({ length: batch.size }, (_, sample) => overlapOf(outputs, batch, sample)),
    combine(rows, counts) {
      const width = Math.max(0, ...rows.map((row) => row.length));
      const sums = new Float64Array(width);
      for (const [index, row] of rows.entries()) {
        for (const [at, value] of row.entries()) sums[at] = (sums[at] ?? 0) + value * (counts[index] ?? 0);
      }
      let total = 0;
      let classes = 0;
      for (let at = 0; at < width; at += 2) {
        const union = sums[at + 1] ?? 0;
        if (union === 0) continue;
        total += (sums[at] ?? 0) / union;
        classes += 1;
      }
      return total / classes;
    },
  });
}

function overlapOf(outputs: Outputs, batch: Batch, sample: number): Overlap {
  const mask = labelNumbers(labelOf(batch, sample));
  if (mask === undefined) throw outputMismatch(outputs, 'miou', 'wanted.label', { index: batch.indices[sample] ?? sample, found: 'no mask' });
  const { at, classes } = classMap(outputs, batch, sample, mask.length);
  const most = Math.max(classes, ...new Set(mask.filter((label) => label !== IGNORED).map((label) => label + 1)));
  const overlap = new Float64Array(2 * most);
  const add = (index: number): void => { overlap[index] = (overlap[index] ?? 0) + 1; };
  for (const [pixel, label] of mask.entries()) {
    if (label === IGNORED) continue;
    const found = at(pixel);
    add(2 * label + 1);
    if (found === label) add(2 * label);
    else if (found >= 0 && found < most) add(2 * found + 1);
  }
  return overlap;
}

interface ClassMap {
  readonly classes: number;
  readonly at: (pixel: number) => number;
}

/** The class of each pixel: an output of classes, or the highest of scores [n, classes, h, w] or [n, h, w, classes]. */
function classMap(outputs: Outputs, batch: Batch, sample: number, pixels: number): ClassMap {
  for (const array of Object.values(outputs)) {
    const values = array.data.length / batch.size;
    if (array.dims[0] !== batch.size || values % pixels !== 0) continue;
    const at = numberAt(array);
    const start = sample * values;
    const classes = values / pixels;
    if (classes === 1) return { classes: 0, at: (pixel) => at(start + pixel) };
    const axis = channelAxis(array, classes);
    if (axis !== undefined) return { classes, at: (pixel) => highest(classes, (index) => at(start + (axis === 1 ? index * pixels + pixel : pixel * classes + index))) };
  }
  throw outputMismatch(outputs, 'miou', 'wanted.mask');
}

function channelAxis(array: NdArray, classes: number): 1 | -1 | undefined {
  if (array.dims[1] === classes) return 1;
  return array.dims.at(-1) === classes ? -1 : undefined;
}

function highest(count: number, score: (index: number) => number): number {
  let best = 0;
  for (let index = 1; index < count; index += 1) if (score(index) > score(best)) best = index;
  return best;
}
