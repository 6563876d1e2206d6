// How far each layer's output in the compressed model is from the original's, on real samples: signal to quantization
// noise ratio and cosine. Both models run side by side without graph optimizations, and only sums are kept, so that
// memory does not grow with the number of samples.

import { integerMapOf } from '../analysis/integerValues';
import { throwIfAborted } from '../error';
import type { Split } from '../data/dataset';
import { evenIndices } from '../data/sampling';
import { makeNode } from '../ir/build';
import { isFloat } from '../ir/dataTypes';
import { indexGraph, type GraphIndex } from '../ir/graphIndex';
import { cloneModel } from '../ir/clone';
import { isOp, type Graph, type Model } from '../ir/model';
import type { NdArray, Runtime, SessionOptions } from '../ports';

export interface OutputError {
  /** 10 log10(sum of squares of the signal / of the difference), in dB. */
  readonly sqnrDb: number;
  /** Cosine between original and compressed output, over all samples. */
  readonly cosine: number;
}

export interface OutputErrorOptions extends SessionOptions {
  readonly samples: number;
  readonly batch: number;
  readonly signal?: AbortSignal;
  readonly progress?: (fraction: number) => void;
}

/** Equal outputs have no noise; a finite ceiling keeps the number in JSON. float32 itself ends at about 150 dB. */
const MAX_SQNR_DB = 200;
/** Layers whose outputs are fetched in one run: bounds memory to some outputs of one batch. */
const TENSORS_AT_ONCE = 16;

/** Errors by layer id, for layers whose output exists in both models; others are left out. */
export async function outputErrors(
  runtime: Runtime,
  before: Model,
  after: Model,
  layers: readonly { readonly id: string; readonly output: string }[],
  split: Split,
  options: OutputErrorOptions,
): Promise<Map<string, OutputError>> {
  const made = new Set(before.graph.nodes.flatMap((node) => node.outputs));
  const index = indexGraph(after.graph);
  const pairs = layers
    .map(({ id, output }) => ({ id, before: output, after: counterpart(output, index) }))
    .filter((pair): pair is { id: string; before: string; after: string } => pair.after !== undefined && made.has(pair.before));
  const result = new Map<string, OutputError>();
  for (let start = 0; start < pairs.length; start += TENSORS_AT_ONCE) {
    const group = pairs.slice(start, start + TENSORS_AT_ONCE);
    const sums = await compareGroup(runtime, before, after, group, split, {
      ...options,
      progress: (fraction) => options.progress?.((start + fraction * group.length) / pairs.length),
    });
    for (const [id, sum] of sums) {
      const error = errorOf(sum);
      if (error !== undefined) result.set(id, error);
    }
  }
  return result;
}

/** What consumers of the tensor see in the compressed model: behind QuantizeLinear and DequantizeLinear where there are any. */
function counterpart(tensor: string, index: GraphIndex): string | undefined {
  if (!index.producer.has(tensor)) return undefined;
  const [use, ...others] = index.uses(tensor);
  if (use === undefined || others.length > 0 || !isOp(use.node, 'QuantizeLinear')) return tensor;
  const quantized = use.node.outputs[0];
  const back = quantized === undefined ? undefined : index.uses(quantized).find(({ node }) => isOp(node, 'DequantizeLinear'));
  return back?.node.outputs[0] ?? tensor;
}

interface Sums { signal: number; noise: number; other: number; product: number }

async function compareGroup(
  runtime: Runtime,
  before: Model,
  after: Model,
  group: readonly { readonly id: string; readonly before: string; readonly after: string }[],
  split: Split,
  options: OutputErrorOptions,
): Promise<Map<string, Sums>> {
  const sums = new Map(group.map(({ id }): [string, Sums] => [id, { signal: 0, noise: 0, other: 0, product: 0 }]));
  const settings = { ...options, optimization: 'disabled' as const };
  const [signalled, heard] = [dequantized(before, group.map((pair) => pair.before)), dequantized(after, group.map((pair) => pair.after))];
  const original = await runtime.createSession(exposing(signalled), settings);
  const compressed = await runtime.createSession(exposing(heard), settings);
  try {
    const indices = evenIndices(split.size, options.samples);
    for (let start = 0; start < indices.length; start += options.batch) {
      throwIfAborted(options.signal);
      const { inputs } = await split.gather(indices.slice(start, start + options.batch));
      const signal = await original.run(inputs, signalled.tensors);
      const noisy = await compressed.run(inputs, heard.tensors);
      for (const [position, pair] of group.entries()) {
        const sum = sums.get(pair.id);
        const a = signal[signalled.tensors[position] ?? ''];
        const b = noisy[heard.tensors[position] ?? ''];
        if (sum !== undefined && a !== undefined && b !== undefined) accumulate(sum, a, b);
      }
      options.progress?.(Math.min(1, (start + options.batch) / indices.length));
    }
  } finally {
    await original.release();
    await compressed.release();
  }
  return sums;
}

/** A model and what to read of it. */
interface Readable {
  readonly model: Model;
  readonly tensors: readonly string[];
}

/** The model with a DequantizeLinear behind each of `tensors` that integer operators make, and the names to read instead. */
function dequantized(model: Model, tensors: readonly string[]): Readable {
  const copy = cloneModel(model);
  const index = indexGraph(copy.graph);
  const readable = tensors.map((tensor) => {
    const map = integerMapOf(tensor, index);
    if (map === undefined) return tensor;
    const output = index.uniqueName(`${tensor}_real`);
    copy.graph.nodes.push(makeNode('DequantizeLinear', [tensor, map.scale, ...(map.zeroPoint === '' ? [] : [map.zeroPoint])], [output]));
    return output;
  });
  return { model: copy, tensors: readable };
}

/** The model with those tensors as its outputs. onnxruntime infers their types. */
function exposing({ model, tensors }: Readable): Model {
  const copy = cloneModel(model);
  const graph: Graph = copy.graph;
  graph.outputs = [...new Set(tensors)].map((name) => graph.outputs.find((value) => value.name === name) ?? { name });
  return copy;
}

function accumulate(sum: Sums, a: NdArray, b: NdArray): void {
  const x = a.data;
  const y = b.data;
  // Layers that make integers, strings or another shape have no error in this sense.
  if (!isFloat(a.type) || !isFloat(b.type) || !(x instanceof Float32Array) || !(y instanceof Float32Array) || x.length !== y.length) {
    sum.signal = NaN;
    return;
  }
  let signal = 0;
  let noise = 0;
  let other = 0;
  let product = 0;
  for (let index = 0; index < x.length; index += 1) {
    const left = x[index] as number;
    const right = y[index] as number;
    const difference = left - right;
    signal += left * left;
    noise += difference * difference;
    other += right * right;
    product += left * right;
  }
  sum.signal += signal;
  sum.noise += noise;
  sum.other += other;
  sum.product += product;
}

function errorOf({ signal, noise, other, product }: Sums): OutputError | undefined {
  if (!Number.isFinite(signal + noise + other) || signal === 0) return undefined;
  const sqnrDb = noise === 0 ? MAX_SQNR_DB : Math.min(MAX_SQNR_DB, 10 * Math.log10(signal / noise));
  return { sqnrDb, cosine: other === 0 ? 0 : product / Math.sqrt(signal * other) };
}
