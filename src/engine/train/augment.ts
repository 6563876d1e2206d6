// Random changes of training samples: crop, flip, erasing for images, and what mixup draws. Everything is a pure function
// of (seed, epoch, place), so that a resumed run sees the same samples; arrays that come in are never changed.

import type { Batch } from '../data/dataset';
import type { Layout } from '../data/description';
import { elementCount } from '../ir/model';
import type { NdArray, TypedArray } from '../ports';
import { seededRandom } from '../random';
import { seedOf } from './seeds';

export interface AugmentOptions {
  /** Pixels of zeros (the mean, after normalisation) around the image, from which a window of its size is cut; 0: none. */
  readonly crop?: number;
  /** Mirrors half of the images left to right. */
  readonly flip?: boolean;
  /** Probability with which a rectangle is set to zero; 0: never. */
  readonly erase?: number;
}

/** Which draw: samples are named by their index in the split (Batch.indices). */
export interface DrawPlace {
  readonly seed: number;
  readonly epoch: number;
}

/** Random erasing (Zhong 2020): area of the rectangle as a share of the image, ratio of its sides, tries to place it. */
const ERASED_AREA: readonly [number, number] = [0.02, 0.33];
const ERASED_RATIO = 0.3;
const ERASING_TRIES = 10;

/**
 * A batch whose images, the inputs of rank 4, are augmented; other inputs and the labels are handed on. All inputs of one
 * sample get the same draw.
 *
 * @param layout of one sample: CHW or HWC.
 */
export function augmentBatch(batch: Batch, layout: Layout, options: AugmentOptions, { seed, epoch }: DrawPlace): Batch {
  if (!changesImages(options)) return batch;
  const inputs = Object.fromEntries(Object.entries(batch.inputs).map(([name, array]) => [name, isImage(array) ? augmented(array) : array]));
  return { ...batch, inputs };

  function augmented(array: NdArray & { readonly data: TypedArray }): NdArray {
    const size = sizeOf(array.dims, layout);
    const length = size.channels * size.height * size.width;
    // Not `slice` of a shared buffer's view: a new array of zeros, which crop and erasing leave where they write nothing.
    const data = new (array.data.constructor as new (length: number) => TypedArray)(elementCount(array.dims));
    batch.indices.forEach((index, sample) => {
      const draw = drawFor(size, options, seededRandom(seedOf('augment', seed, epoch, index)));
      writeImage(array.data.subarray(sample * length, (sample + 1) * length), data.subarray(sample * length, (sample + 1) * length), size, layout, draw);
    });
    return { type: array.type, dims: array.dims, data };
  }
}

export function changesImages({ crop = 0, flip = false, erase = 0 }: AugmentOptions): boolean {
  return crop > 0 || flip || erase > 0;
}

function isImage(array: NdArray): array is NdArray & { readonly data: TypedArray } {
  return array.dims.length === 4 && array.type !== 'string';
}

interface ImageSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

function sizeOf([, first = 1, second = 1, third = 1]: readonly number[], layout: Layout): ImageSize {
  return layout === 'CHW' ? { channels: first, height: second, width: third } : { channels: third, height: first, width: second };
}

interface ImageDraw {
  /** The output's pixel (y, x) is the input's (y + down, x + right), before mirroring. */
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
  readonly erased?: { readonly top: number; readonly left: number; readonly height: number; readonly width: number };
}

/** Every number is drawn whether its option is on or not, so that switching one option leaves the others' draws. */
function drawFor({ height, width }: ImageSize, { crop = 0, flip = false, erase = 0 }: AugmentOptions, random: () => number): ImageDraw {
  const offset = (): number => Math.floor(random() * (2 * crop + 1)) - crop;
  const [down, right, mirrored, erases] = [offset(), offset(), random() < 0.5 && flip, random() < erase];
  if (!erases) return { down, right, mirrored };
  for (let attempt = 0; attempt < ERASING_TRIES; attempt += 1) {
    const area = (ERASED_AREA[0] + random() * (ERASED_AREA[1] - ERASED_AREA[0])) * height * width;
    const ratio = Math.exp((2 * random() - 1) * Math.log(1 / ERASED_RATIO));
    const [tall, wide] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (tall < 1 || wide < 1 || tall > height || wide > width) continue;
    const erased = { top: Math.floor(random() * (height - tall + 1)), left: Math.floor(random() * (width - wide + 1)), height: tall, width: wide };
    return { down, right, mirrored, erased };
  }
  return { down, right, mirrored };
}

/** `target` holds zeros. */
function writeImage(source: TypedArray, target: TypedArray, { channels, height, width }: ImageSize, layout: Layout, draw: ImageDraw): void {
  const [rowStep, pixelStep, channelStep] = layout === 'CHW' ? [width, 1, height * width] : [width * channels, channels, 1];
  const { erased } = draw;
  for (let y = 0; y < height; y += 1) {
    const fromY = y + draw.down;
    if (fromY < 0 || fromY >= height) continue;
    const isErasedRow = erased !== undefined && y >= erased.top && y < erased.top + erased.height;
    for (let x = 0; x < width; x += 1) {
      if (isErasedRow && x >= erased.left && x < erased.left + erased.width) continue;
      const fromX = (draw.mirrored ? width - 1 - x : x) + draw.right;
      if (fromX < 0 || fromX >= width) continue;
      const from = fromY * rowStep + fromX * pixelStep;
      const to = y * rowStep + x * pixelStep;
      for (let channel = 0; channel < channels; channel += 1) target[to + channel * channelStep] = source[from + channel * channelStep] as number & bigint;
    }
  }
}

export interface MixupDraw {
  /** Share of the sample itself; its partner has the rest. */
  readonly lambda: number;
  /** Place in the batch of every sample's partner: a permutation. */
  readonly partners: readonly number[];
}

/** One draw a step (Zhang 2018, "mixup"): lambda from Beta(alpha, alpha). `alpha` is above 0. */
export function drawMixup(alpha: number, size: number, { seed, epoch, step }: DrawPlace & { readonly step: number }): MixupDraw {
  const random = seededRandom(seedOf('mixup', seed, epoch, step));
  const [left, right] = [gamma(alpha, random), gamma(alpha, random)];
  const partners = Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [partners[last], partners[other]] = [partners[other] ?? 0, partners[last] ?? 0];
  }
  // Both can be 0 for a tiny alpha, whose draws lie at the ends.
  return { lambda: left + right > 0 ? left / (left + right) : Number(random() < 0.5), partners };
}

/** Gamma(shape, 1) by Marsaglia and Tsang 2000; shapes below 1 through shape + 1. */
function gamma(shape: number, random: () => number): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - random()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
