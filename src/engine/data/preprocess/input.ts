// From a stored sample to what one input of the model is fed: channels, resize, crop, then value * scale - mean, / std,
// the layout and the element type the model wants.

import { EngineError } from '../../error';
import type { NdArray, SessionValue } from '../../ports';
import type { InputDescription, Layout } from '../description';
import { type WantedShape, fitShape, product } from './fit';
import { type Writer, numberAt, writerOf } from './cast';
import { cropped, pixelsOf, resized, withChannels } from './pixels';
import type { Pixels } from './resample';

export interface InputPlan {
  readonly value: SessionValue;
  /** Shape of one sample (the model's without its batch dimension); null when the rank is unknown. */
  readonly wanted: WantedShape | null;
  readonly description: InputDescription;
  /** Place of `description` in the data description, e.g. `input` or `inputs.mask`. */
  readonly place: string;
  /** File of the data description, for messages. */
  readonly file: string;
}

/** The model's input without its batch dimension; symbolic dimensions that have a size in `dims` are fixed. */
export function sampleShape(value: SessionValue, dims: Readonly<Record<string, number>>): WantedShape | null {
  return value.shape?.slice(1).map((size) => (typeof size === 'number' ? (size > 0 ? size : null) : (dims[size] ?? null))) ?? null;
}

/** Samples of any stored kind as one batch [n, ...]; throws `dataShapeMismatch` where one does not fit. */
export function batchOf(samples: readonly NdArray[], layout: Layout | undefined, plan: InputPlan): NdArray {
  const prepared = samples.map((sample) => prepare(sample, layout, plan));
  const first = prepared[0];
  const dims = first === undefined ? [] : first.dims;
  const values = product(dims);
  const writer = writerOf(plan.value.type, samples.length * values, plan.value.name);
  for (const [index, sample] of prepared.entries()) {
    if (sample.dims.length !== dims.length || sample.dims.some((size, axis) => size !== dims[axis])) throw mismatch(sample.dims, dims, plan);
    sample.write(writer, index * values);
  }
  return { type: plan.value.type, dims: [samples.length, ...dims], data: writer.data };
}

interface Prepared {
  readonly dims: readonly number[];
  write(to: Writer, offset: number): void;
}

function prepare(sample: NdArray, layout: Layout | undefined, plan: InputPlan): Prepared {
  const pixels = layout === undefined ? undefined : pixelsOf(sample, layout);
  return pixels === undefined ? prepareVector(sample, plan) : preparePixels(pixels, layout ?? 'HWC', plan);
}

function preparePixels(stored: Pixels, storedLayout: Layout, plan: InputPlan): Prepared {
  const { description } = plan;
  const layout = description.layout ?? layoutOf(plan.wanted) ?? storedLayout;
  const channels = description.channels ?? impliedChannels(stored.channels, wantedChannels(plan.wanted, layout));
  let image = channels === undefined ? stored : withChannels(stored, channels);
  if (description.resize !== undefined) image = resized(image, description.resize);
  if (description.crop !== undefined) image = cropOf(image, description.crop, plan);
  const { width, height, channels: depth } = image;
  const found = layout === 'CHW' ? [depth, height, width] : [height, width, depth];
  const dims = fitShape(found, plan.wanted);
  if (dims === undefined) throw mismatch(found, plan.wanted ?? [], plan);
  const normalise = normaliser(description, depth, plan);
  const table = image.data instanceof Uint8Array ? tableOf(plan, depth) : undefined;
  const plane = width * height;
  return {
    dims,
    write(to, offset) {
      const [pixelStep, channelStep] = layout === 'CHW' ? [1, plane] : [depth, 1];
      const { data } = to;
      if (table !== undefined && data instanceof Float32Array) {
        for (let channel = 0; channel < depth; channel += 1) {
          for (let at = 0; at < plane; at += 1) {
            data[offset + channel * channelStep + at * pixelStep] = table[channel * 256 + (image.data[at * depth + channel] as number)] as number;
          }
        }
        return;
      }
      for (let channel = 0; channel < depth; channel += 1) {
        for (let at = 0; at < plane; at += 1) {
          to.set(offset + channel * channelStep + at * pixelStep, normalise(image.data[at * depth + channel] ?? 0, channel));
        }
      }
    },
  };
}

function prepareVector(stored: NdArray, plan: InputPlan): Prepared {
  const { description } = plan;
  const needsPixels = (['resize', 'channels'] as const).find((key) => description[key] !== undefined);
  if (needsPixels !== undefined) throw notImage(needsPixels, plan);
  const sample = description.crop === undefined ? stored : soundOf(stored, description.crop, plan);
  const dims = fitShape(sample.dims, plan.wanted);
  if (dims === undefined) throw mismatch(sample.dims, plan.wanted ?? [], plan);
  const at = numberAt(sample);
  const values = product(sample.dims);
  // Without channels, one mean a feature: along the last axis, as for tables.
  const last = sample.dims.at(-1) ?? 1;
  const normalise = normaliser(description, last, plan);
  const isPlain = description.scale === undefined && description.mean === undefined && description.std === undefined;
  return {
    dims,
    write(to, offset) {
      if (isPlain && to.data instanceof Float32Array && sample.data instanceof Float32Array) to.data.set(sample.data, offset);
      else for (let index = 0; index < values; index += 1) to.set(offset + index, normalise(at(index), index % last));
    },
  };
}

/** (value * scale - mean[channel]) / std[channel]; one number counts for every channel. */
function normaliser(description: InputDescription, channels: number, plan: InputPlan): (value: number, channel: number) => number {
  const { scale = 1 } = description;
  const mean = perChannel(description.mean ?? 0, channels, 'mean', plan);
  const std = perChannel(description.std ?? 1, channels, 'std', plan);
  return (value, channel) => (value * scale - mean(channel)) / std(channel);
}

function perChannel(given: number | readonly number[], channels: number, key: string, plan: InputPlan): (channel: number) => number {
  const numbers = typeof given === 'number' ? [given] : given;
  const [only = 0] = numbers;
  if (numbers.length === 1) return () => only;
  if (numbers.length === channels) return (channel) => numbers[channel] as number;
  throw new EngineError('dataDescription', {
    file: plan.file, path: `${plan.place}.${key}`, problem: 'problem.channelCount', found: numbers.length, wanted: channels, allowed: 'allowed.oneOrChannels',
  });
}

/** The 256 values a byte can become, by channel, so that the division is done once for all samples of a plan. */
function tableOf(plan: InputPlan, channels: number): Float64Array {
  const known = tables.get(plan);
  if (known?.length === 256 * channels) return known;
  const normalise = normaliser(plan.description, channels, plan);
  const table = Float64Array.from({ length: 256 * channels }, (_, index) => normalise(index % 256, Math.floor(index / 256)));
  tables.set(plan, table);
  return table;
}

const tables = new WeakMap<InputPlan, Float64Array>();

/** Where the channels of a wanted [a, b, c] are: the axis that has 3 or 4, or else the one that has 1; undefined when both or neither. */
function layoutOf(wanted: WantedShape | null): Layout | undefined {
  if (wanted?.length !== 3) return undefined;
  for (const counts of [[3, 4], [1]]) {
    const first = counts.includes(wanted[0] ?? 0);
    const last = counts.includes(wanted[2] ?? 0);
    if (first !== last) return first ? 'CHW' : 'HWC';
    if (first) return undefined;
  }
  return undefined;
}

function wantedChannels(wanted: WantedShape | null, layout: Layout): number | null {
  if (wanted?.length === 2) return 1;
  return (wanted?.length === 3 ? (layout === 'CHW' ? wanted[0] : wanted[2]) : null) ?? null;
}

function impliedChannels(found: number, wanted: number | null): 'RGB' | 'L' | undefined {
  if (wanted === null || wanted === found) return undefined;
  return wanted === 1 ? 'L' : wanted === 3 ? 'RGB' : undefined;
}

function cropOf(image: Pixels, crop: number | readonly [number, number], plan: InputPlan): Pixels {
  const out = cropped(image, crop);
  if (out !== undefined) return out;
  const found = typeof crop === 'number' ? `${crop} x ${crop}` : crop.join(' x ');
  throw new EngineError('dataDescription', {
    file: plan.file, path: `${plan.place}.crop`, problem: 'problem.cropTooLarge', found, size: `${image.height} x ${image.width}`, allowed: `1 to ${Math.min(image.height, image.width)}`,
  });
}

/** The first `crop` values of a vector, zeros added at its end where it is shorter: clips of sound have many lengths. */
function soundOf(sample: NdArray, crop: number | readonly [number, number], plan: InputPlan): NdArray {
  if (typeof crop !== 'number' || sample.dims.length !== 1 || !(sample.data instanceof Float32Array)) throw notImage('crop', plan);
  const data = new Float32Array(crop);
  data.set(sample.data.subarray(0, crop));
  return { type: 'float32', dims: [crop], data };
}

function notImage(key: string, plan: InputPlan): EngineError {
  return new EngineError('dataDescription', {
    file: plan.file, path: `${plan.place}.${key}`, problem: 'problem.notImage', found: `"${key}"`, allowed: 'allowed.layoutNeeded',
  });
}

function mismatch(found: readonly number[], wanted: readonly (number | null)[], plan: InputPlan): EngineError {
  return new EngineError('dataShapeMismatch', {
    file: plan.file, found: found.join(', '), input: plan.value.name, wanted: wanted.map((size) => size ?? '?').join(', '),
  });
}
