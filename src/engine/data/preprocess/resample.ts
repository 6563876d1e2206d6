// Resizing that gives byte for byte what PIL's `Image.resize` gives for 8-bit images: separable filters, horizontal
// first, coefficients in fixed point (Pillow, src/libImaging/Resample.c). Float images keep full precision. Pillow 13
// goes vertical first where that is less work; there an image that shrinks one way and grows the other differs slightly.

import { EngineError } from '../../error';
import type { Interpolation } from '../description';

/** `data[(y * width + x) * channels + c]`; bytes stay bytes, so that resizing rounds as image libraries do. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Float32Array;
}

interface Filter {
  /** Half width in source pixels at scale 1. */
  readonly support: number;
  weight(distance: number): number;
}

const filters: Readonly<Record<Exclude<Interpolation, 'nearest'>, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys (1981) with a = -0.5, PIL's and TensorFlow's choice.
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x), -0.5) },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Bits of a coefficient's fraction: 32 less 8 for the pixel and 2 for overshoot (Resample.c, PRECISION_BITS). */
const FRACTION = 2 ** 22;

/**
 * `antialias` widens the filter by the scale when shrinking, as PIL always does and torchvision by default; without it
 * bilinear is that of OpenCV and of `torch.nn.functional.interpolate`.
 */
export function resample(image: Pixels, height: number, width: number, interpolation: Interpolation, antialias: boolean): Pixels {
  if (interpolation === 'nearest') return nearest(image, height, width);
  if (!antialias && interpolation !== 'bilinear') throw new EngineError('notReady', { what: `resize with interpolation ${interpolation} and antialias false` });
  const filter = filters[interpolation];
  const across = width === image.width ? image : horizontal(image, width, filter, antialias);
  return height === image.height ? across : vertical(across, height, filter, antialias);
}

interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights an output pixel. */
  readonly weights: Float64Array;
  readonly stride: number;
}

function tapsOf(from: number, to: number, filter: Filter, antialias: boolean, fixed: boolean): Taps {
  const scale = from / to;
  const stretch = antialias ? Math.max(scale, 1) : 1;
  const support = filter.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const taps = { first: new Int32Array(to), count: new Int32Array(to), weights: new Float64Array(to * stride), stride };
  for (let out = 0; out < to; out += 1) {
    const centre = (out + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let tap = 0; tap < count; tap += 1) {
      const weight = filter.weight((tap + first - centre + 0.5) / stretch);
      taps.weights[out * stride + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap += 1) {
      const weight = (taps.weights[out * stride + tap] ?? 0) / sum;
      taps.weights[out * stride + tap] = fixed ? Math.trunc(weight * FRACTION + (weight < 0 ? -0.5 : 0.5)) : weight;
    }
    taps.first[out] = first;
    taps.count[out] = count;
  }
  return taps;
}

function horizontal(image: Pixels, width: number, filter: Filter, antialias: boolean): Pixels {
  const data = along(image.data, tapsOf(image.width, width, filter, antialias, image.data instanceof Uint8Array), {
    lines: image.height, fromLine: image.width * image.channels, toLine: width * image.channels, step: image.channels, inner: image.channels, to: width,
  });
  return { ...image, width, data };
}

function vertical(image: Pixels, height: number, filter: Filter, antialias: boolean): Pixels {
  const row = image.width * image.channels;
  const data = along(image.data, tapsOf(image.height, height, filter, antialias, image.data instanceof Uint8Array), {
    lines: 1, fromLine: row * image.height, toLine: row * height, step: row, inner: row, to: height,
  });
  return { ...image, height, data };
}

interface Walk {
  readonly lines: number;
  /** Values of a line before and after. */
  readonly fromLine: number;
  readonly toLine: number;
  /** Values from one source pixel to the next along the resized axis. */
  readonly step: number;
  /** Values that share the weights of an output pixel. */
  readonly inner: number;
  /** Output pixels along the axis. */
  readonly to: number;
}

function along(data: Uint8Array | Float32Array, taps: Taps, walk: Walk): Uint8Array | Float32Array {
  const bytes = data instanceof Uint8Array;
  const out = bytes ? new Uint8ClampedArray(walk.lines * walk.toLine) : new Float32Array(walk.lines * walk.toLine);
  for (let line = 0; line < walk.lines; line += 1) {
    for (let pixel = 0; pixel < walk.to; pixel += 1) {
      const first = line * walk.fromLine + (taps.first[pixel] ?? 0) * walk.step;
      const count = taps.count[pixel] ?? 0;
      const weights = pixel * taps.stride;
      for (let value = 0; value < walk.inner; value += 1) {
        let sum = bytes ? FRACTION / 2 : 0;
        for (let tap = 0; tap < count; tap += 1) sum += (data[first + tap * walk.step + value] ?? 0) * (taps.weights[weights + tap] ?? 0);
        out[line * walk.toLine + pixel * walk.step + value] = bytes ? Math.floor(sum / FRACTION) : sum;
      }
    }
  }
  return out instanceof Uint8ClampedArray ? new Uint8Array(out.buffer) : out;
}

/** The source pixel under the centre of the output pixel, as PIL (NEAREST) and OpenCV's exact variant. */
function nearest(image: Pixels, height: number, width: number): Pixels {
  const { channels } = image;
  const data = image.data instanceof Uint8Array ? new Uint8Array(height * width * channels) : new Float32Array(height * width * channels);
  for (let y = 0; y < height; y += 1) {
    const fromY = Math.min(image.height - 1, Math.floor(((y + 0.5) * image.height) / height));
    for (let x = 0; x < width; x += 1) {
      const from = (fromY * image.width + Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / width))) * channels;
      data.set(image.data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}

function cubic(x: number, a: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
