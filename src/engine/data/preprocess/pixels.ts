// An image (or an array with the same meaning) as interleaved pixels, and the steps on it: channels, resize, crop.

import type { NdArray } from '../../ports';
import type { InputDescription, Layout } from '../description';
import { type Pixels, resample } from './resample';

/** An array of shape [h, w], [h, w, c] (HWC) or [c, h, w] (CHW) as pixels; undefined for any other shape. */
export function pixelsOf(array: NdArray, layout: Layout): Pixels | undefined {
  const [a = 0, b = 0, c = 1] = array.dims;
  if (array.dims.length < 2 || array.dims.length > 3) return undefined;
  const data = array.data instanceof Uint8Array && array.type === 'uint8' ? array.data : floats(array);
  if (array.dims.length === 2) return { height: a, width: b, channels: 1, data };
  if (layout === 'HWC') return { height: a, width: b, channels: c, data };
  return { height: b, width: c, channels: a, data: interleaved(data, a, b * c) };
}

/** [c, h, w] to [h, w, c]. */
function interleaved(data: Uint8Array | Float32Array, channels: number, plane: number): Uint8Array | Float32Array {
  const out = data instanceof Uint8Array ? new Uint8Array(data.length) : new Float32Array(data.length);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let at = 0; at < plane; at += 1) out[at * channels + channel] = data[channel * plane + at] ?? 0;
  }
  return out;
}

function floats(array: NdArray): Float32Array {
  return array.data instanceof Float32Array ? array.data : Float32Array.from(array.data as ArrayLike<number | bigint>, Number);
}

/**
 * RGB, BGR or one grey channel. Grey is (19595 R + 38470 G + 7471 B) / 65536, rounded for bytes: ITU-R 601 in the fixed
 * point of PIL. Alpha is dropped, not blended.
 */
export function withChannels(image: Pixels, channels: 'RGB' | 'BGR' | 'L'): Pixels {
  const wanted = channels === 'L' ? 1 : 3;
  const grey = image.channels < 3;
  if (wanted === image.channels && channels !== 'BGR') return image;
  const pixels = image.width * image.height;
  const bytes = image.data instanceof Uint8Array;
  const data = bytes ? new Uint8Array(pixels * wanted) : new Float32Array(pixels * wanted);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const at = pixel * image.channels;
    const red = image.data[at] ?? 0;
    const green = grey ? red : (image.data[at + 1] ?? 0);
    const blue = grey ? red : (image.data[at + 2] ?? 0);
    if (channels === 'L') {
      const weighted = 19595 * red + 38470 * green + 7471 * blue;
      data[pixel] = grey ? red : bytes ? (weighted + 0x8000) >> 16 : weighted / 0x10000;
    } else {
      const to = pixel * 3;
      data[to] = channels === 'BGR' ? blue : red;
      data[to + 1] = green;
      data[to + 2] = channels === 'BGR' ? red : blue;
    }
  }
  return { width: image.width, height: image.height, channels: wanted, data };
}

/** One number: the shorter side gets it and the ratio is kept (the longer side cut to whole pixels, as torchvision). */
export function resized(image: Pixels, resize: NonNullable<InputDescription['resize']>): Pixels {
  const { size } = resize;
  const [height, width] = typeof size !== 'number' ? size
    : image.width <= image.height
      ? [Math.trunc((size * image.height) / image.width), size]
      : [size, Math.trunc((size * image.width) / image.height)];
  return resample(image, height, width, resize.interpolation ?? 'bilinear', resize.antialias ?? true);
}

/** The centre of the image; undefined where it is smaller than the crop. Halves round to even, as torchvision's CenterCrop. */
export function cropped(image: Pixels, crop: number | readonly [number, number]): Pixels | undefined {
  const [height, width] = typeof crop === 'number' ? [crop, crop] : crop;
  if (height > image.height || width > image.width) return undefined;
  const top = halfEven((image.height - height) / 2);
  const left = halfEven((image.width - width) / 2);
  const row = width * image.channels;
  const data = image.data instanceof Uint8Array ? new Uint8Array(height * row) : new Float32Array(height * row);
  for (let y = 0; y < height; y += 1) {
    const from = ((top + y) * image.width + left) * image.channels;
    data.set(image.data.subarray(from, from + row), y * row);
  }
  return { width, height, channels: image.channels, data };
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
