// Whether a cleaned model still computes what the original did: both run without onnxruntime's own optimizations on the
// same inputs, real samples where there are data, random ones otherwise.

import type { Finding } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import { EngineError, throwIfAborted } from '../../error';
import type { DataType } from '../../ir/dataTypes';
import { isOp, type Model } from '../../ir/model';
import { storedBytes } from '../../ir/tensors';
import type { NdArray, SessionValue } from '../../ports';
import type { PassContext } from '../pass';
import { dimLabel } from '../../ir/signature';
import { sampleInputs } from '../sampleInputs';

/** Largest difference that another order of rounding may make, relative to the largest magnitude of the output. */
const TOLERANCE = 1e-5;
/** Types whose own step is coarser than that: one unit in the last place, 2^-10 and 2^-7. */
const COARSE: Partial<Record<DataType, number>> = { float16: 2 ** -10, bfloat16: 2 ** -7 };

/** Beyond this, two copies of the weights may not fit into memory. */
const MOST_WEIGHT_BYTES = 1 << 30;

/** Sizes tried for open dimensions without a given size, until the original runs. */
const SIZES = [2, 32, 64, 128, 224, 1];

export interface Difference {
  /** Whether it is more than rounding. */
  readonly beyond: boolean;
  /** For a message: `1.8e-6`, or what onnxruntime said. */
  readonly text: string;
}

export interface Reference {
  /** Which inputs were used. */
  readonly inputs: 'samples' | 'random';
  difference(model: Model): Promise<Difference>;
}

/** Outputs of the original to compare with, or the finding that says why there are none. */
export async function referenceOutputs(model: Model, context: PassContext): Promise<Reference | { readonly finding: Finding }> {
  const weights = [...model.graph.initializers.values()].reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  if (weights > MOST_WEIGHT_BYTES) return notCompared(`${(weights / 2 ** 30).toFixed(1)} GiB`);
  try {
    const { inputs, feeds, outputs } = await originalRun(model, context);
    return { inputs, difference: (changed) => differenceOf(changed, feeds, outputs, context) };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'cancelled') throw error;
    return notCompared(error.message);
  }
}

function notCompared(why: string): { readonly finding: Finding } {
  return { finding: { ...said('finding.notCompared', { why }), severity: 'info' } };
}

interface OriginalRun {
  readonly inputs: Reference['inputs'];
  readonly feeds: Readonly<Record<string, NdArray>>;
  readonly outputs: Readonly<Record<string, NdArray>>;
}

async function originalRun(model: Model, context: PassContext): Promise<OriginalRun> {
  const { runtime, threads, data } = context;
  const session = await runtime.createSession(model, { optimization: 'disabled', threads });
  try {
    const real = await realInputs(session.inputs, data);
    if (real !== undefined) return { inputs: 'samples', feeds: real, outputs: await session.run(real) };
    if (takesTransformLength(model)) throw new EngineError('unsupportedType', { tensor: 'DFT', type: 'int64', by: 'comparison on made-up inputs', supported: 'float32' });
    let failure: unknown;
    for (const size of SIZES) {
      throwIfAborted(context.signal);
      try {
        const feeds = sampleInputs(model, session.inputs, { dims: { ...openDims(session.inputs, size), ...context.dims }, seed: 1 });
        return { inputs: 'random', feeds, outputs: await session.run(feeds) };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  } finally {
    await session.release();
  }
}

/** onnxruntime 1.30 never comes back from an inverse DFT of a length that does not fit, which a made-up one would not. */
function takesTransformLength({ graph }: Model): boolean {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return graph.nodes.some((node) => isOp(node, 'DFT', 'STFT') && node.inputs.slice(1).some((input) => inputs.has(input)));
}

/** The first training sample, if the data have every input. */
async function realInputs(wanted: readonly SessionValue[], data: PassContext['data']): Promise<Readonly<Record<string, NdArray>> | undefined> {
  const split = data?.splits.get('train');
  if (split === undefined || split.size === 0) return undefined;
  const batches = wanted.map(({ shape }) => shape?.[0]).filter((size) => typeof size === 'number');
  const { inputs } = await split.read(0, Math.min(split.size, Math.max(1, ...batches)));
  return wanted.every(({ name, shape }) => inputs[name] !== undefined && inputs[name].dims.length === shape?.length) ? inputs : undefined;
}

/** Every open dimension at one size, the batch at two: one sample would hide what was fixed to a batch of one. */
function openDims(inputs: readonly SessionValue[], size: number): Record<string, number> {
  return Object.fromEntries(inputs.flatMap(({ name, shape }) => (shape ?? []).flatMap((dim, axis): [string, number][] =>
    (typeof dim === 'number' ? [] : [[dimLabel(name, dim, axis), axis === 0 ? Math.min(size, 2) : size]]))).reverse());
}

async function differenceOf(model: Model, feeds: OriginalRun['feeds'], expected: OriginalRun['outputs'], { runtime, threads, signal }: PassContext): Promise<Difference> {
  throwIfAborted(signal);
  let found: Record<string, NdArray>;
  try {
    const session = await runtime.createSession(model, { optimization: 'disabled', threads });
    try {
      found = await session.run(feeds);
    } finally {
      await session.release();
    }
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'cancelled') throw error;
    return { beyond: true, text: error.message };
  }
  const differences = Object.entries(expected).map(([name, array]) => {
    const relative = relativeDifference(array, found[name]);
    return { relative, beyond: !(relative <= (COARSE[array.type] ?? TOLERANCE)) };
  });
  const largest = differences.reduce((most, { relative }) => (relative > most ? relative : most), 0);
  return { beyond: differences.some(({ beyond }) => beyond), text: largest === 0 ? '0' : largest.toExponential(1) };
}

/** Largest difference relative to the largest finite magnitude; infinite where shapes, NaN or infinities do not agree. */
export function relativeDifference(expected: NdArray, found: NdArray | undefined): number {
  if (found?.type !== expected.type || found.dims.join() !== expected.dims.join()) return Infinity;
  if (expected.type === 'string') return (expected.data as readonly string[]).every((text, index) => text === found.data[index]) ? 0 : Infinity;
  const [left, right] = [numbersOf(expected), numbersOf(found)];
  let largest = 0;
  let difference = 0;
  for (let index = 0; index < expected.data.length; index++) {
    const [a, b] = [left(index), right(index)];
    if (Object.is(a, b) || a === b) {
      if (Number.isFinite(a)) largest = Math.max(largest, Math.abs(a));
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    largest = Math.max(largest, Math.abs(a));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference === 0 ? 0 : difference / (largest || 1);
}

function numbersOf({ type, data }: NdArray): (index: number) => number {
  const values = data as ArrayLike<number | bigint>;
  if (type === 'float16') return (index) => halfToNumber(Number(values[index]));
  if (type === 'bfloat16') {
    const bits = new DataView(new ArrayBuffer(4));
    return (index) => {
      bits.setUint16(2, Number(values[index]), true);
      return bits.getFloat32(0, true);
    };
  }
  return (index) => Number(values[index]);
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}
