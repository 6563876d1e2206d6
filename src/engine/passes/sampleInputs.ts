// Inputs to time a model with, or to compare two models on, when no real samples are given: the right types and shapes, plausible values, the same for
// the same seed. Not for accuracy or calibration.

import { EngineError } from '../error';
import { intAttribute } from '../ir/attributes';
import { indexGraph } from '../ir/graphIndex';
import { elementCount, type Model } from '../ir/model';
import { dimLabel } from '../ir/signature';
import { seededRandom } from '../random';
import type { NdArray, SessionValue, TypedArray } from '../ports';

export interface SampleOptions {
  /** Size of an open first dimension, and of others of its name, that has no entry in `dims`; default 1. */
  readonly batch?: number;
  /** Sizes of open dimensions by name; one without a name is called `input[axis]`. */
  readonly dims?: Readonly<Record<string, number>>;
  readonly seed?: number;
}

/** One array for each input. Throws `symbolicDimension` for an open dimension without a size, `unsupportedType` for other types. */
export function sampleInputs(model: Model, inputs: readonly SessionValue[], options: SampleOptions = {}): Record<string, NdArray> {
  const random = seededRandom(options.seed ?? 0);
  const shapes = sampleShapes(inputs, options);
  return Object.fromEntries(inputs.map((input, index) => {
    const dims = shapes[index] ?? [];
    return [input.name, { type: input.type, dims, data: values(input, elementCount(dims), bound(model, input.name), random) }];
  }));
}

/** The shapes of the inputs, in their order. Throws `symbolicDimension` as `sampleInputs` does. */
export function sampleShapes(inputs: readonly SessionValue[], options: SampleOptions = {}): number[][] {
  const dims = { ...batchDims(inputs, options), ...options.dims };
  return inputs.map((input) => shapeOf(input, { ...options, dims }));
}

/** Open first dimensions by name: the state of a recurrent model has the batch as its second. */
function batchDims(inputs: readonly SessionValue[], { batch = 1 }: SampleOptions): Record<string, number> {
  return Object.fromEntries(inputs.flatMap(({ shape }): [string, number][] => {
    const first = shape?.[0];
    return typeof first === 'string' && first !== '' ? [[first, batch]] : [];
  }));
}

/** The shape of an input with every open dimension filled. */
export function shapeOf(input: SessionValue, { batch = 1, dims = {} }: SampleOptions = {}): number[] {
  return (input.shape ?? []).map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const name = dimLabel(input.name, dim, axis);
    const size = dims[name] ?? (axis === 0 ? batch : undefined);
    if (size === undefined) throw new EngineError('symbolicDimension', { input: input.name, dim: name });
    return size;
  });
}

/** Integers below this where nothing in the graph says more: true and false, masks, segments. */
const DEFAULT_BOUND = 2;

/** Indices must lie within the table that they look up: rows of the first Gather that uses the input. */
function bound(model: Model, input: string): number {
  for (const { node, input: position } of indexGraph(model.graph).uses(input)) {
    if (node.opType !== 'Gather' || position !== 1) continue;
    const rows = model.graph.initializers.get(node.inputs[0] ?? '')?.dims[intAttribute(node, 'axis', 0)];
    if (rows !== undefined) return rows;
  }
  return DEFAULT_BOUND;
}

function values({ name, type }: SessionValue, count: number, limit: number, random: () => number): TypedArray | readonly string[] {
  // Attention masks let everything through, so that all of the model's work is done.
  const integer = (): number => (/mask/i.test(name) ? 1 : Math.floor(random() * limit));
  switch (type) {
    case 'float32': return Float32Array.from({ length: count }, random);
    case 'float64': return Float64Array.from({ length: count }, random);
    case 'float16': return Uint16Array.from({ length: count }, () => halfBits(random()));
    case 'uint8': return Uint8Array.from({ length: count }, () => (limit > DEFAULT_BOUND ? integer() : random() * 256));
    case 'int8': return Int8Array.from({ length: count }, () => random() * 256 - 128);
    case 'bool': return new Uint8Array(count).fill(1);
    case 'int16': return Int16Array.from({ length: count }, integer);
    case 'uint16': return Uint16Array.from({ length: count }, integer);
    case 'int32': return Int32Array.from({ length: count }, integer);
    case 'uint32': return Uint32Array.from({ length: count }, integer);
    case 'int64': return BigInt64Array.from({ length: count }, () => BigInt(integer()));
    case 'uint64': return BigUint64Array.from({ length: count }, () => BigInt(integer()));
    case 'string': return Array.from({ length: count }, () => 'sample');
    default: throw new EngineError('unsupportedType', { tensor: name, type, by: 'onnxruntime-node', supported: 'float32' });
  }
}

/** IEEE 754 half precision of a number in [2^-14, 1), cut; smaller ones become 0. */
function halfBits(value: number): number {
  if (value < 2 ** -14) return 0;
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.floor((value / 2 ** exponent - 1) * 1024);
}
