// What tests of quantize.static share: small float graphs, a data set in memory, and running the pass with its defaults.

import type { Dataset, Split } from '../../../../src/engine/data/dataset';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { type Model, type Node, isOp } from '../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import { cleanup } from '../../../../src/engine/passes/cleanup/pass';
import type { PassContext, PassOutcome } from '../../../../src/engine/passes/pass';
import { type StaticOptions, staticOptions } from '../../../../src/engine/passes/quantize/options';
import { quantizeStatic } from '../../../../src/engine/passes/quantize/static';
import { seededRandom } from '../../../../src/engine/random';
import type { NdArray } from '../../../../src/engine/ports';
import { passContext } from '../../../support/passContext';

export const sampleShape = [3, 8, 8] as const;

/** Uniform in [-1, 1), the same for the same seed. */
export function floats(dims: readonly number[], seed = 1): NdArray & { readonly data: Float32Array } {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => random() * 2 - 1);
  return { type: 'float32', dims, data };
}

export interface Small {
  readonly nodes: readonly Node[];
  readonly constants: Readonly<Record<string, NdArray>>;
  /** Graph outputs and the shape of the one input `x`; default `y` and [N, 3, 8, 8]. */
  readonly outputs?: readonly string[];
  readonly shape?: readonly (number | string)[];
  readonly opset?: number;
}

/** A model with one float input `x`; opset 13 and IR 7 unless said otherwise. */
export function small({ nodes, constants, outputs = ['y'], shape = ['N', ...sampleShape], opset = 13 }: Small): Model {
  const graph = makeGraph({
    nodes,
    inputs: [makeValue('x', 'float32', shape)],
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: Object.entries(constants).map(([name, array]) => tensorFrom(name, array)),
  });
  return makeModel(graph, { '': opset }, 7);
}

export const node = makeNode;

/** Samples by index; `change` edits the values of one. */
export function samples(count: number, shape: readonly number[] = sampleShape, change?: (values: Float32Array, index: number) => void): Dataset {
  const one = (index: number): Float32Array => {
    const { data } = floats(shape, 1000 + index);
    change?.(data, index);
    return data;
  };
  const batch = (indices: readonly number[], start: number) => ({
    inputs: { x: { type: 'float32' as const, dims: [indices.length, ...shape], data: Float32Array.from(indices.flatMap((index) => [...one(index)])) } },
    start,
    indices,
    size: indices.length,
  });
  const split: Split = {
    name: 'train', size: count, labelled: false,
    read: (start, end) => Promise.resolve(batch(Array.from({ length: end - start }, (_, index) => start + index), start)),
    gather: (indices) => Promise.resolve(batch(indices, indices[0] ?? 0)),
  };
  return { path: 'memory', splits: new Map([['train', split]]), files: [], shared: false, base: '.', close: () => Promise.resolve() };
}

export function defaults(overrides: Partial<StaticOptions> = {}): StaticOptions {
  const byDefault = Object.entries(staticOptions.properties).map(([name, schema]) => [name, (schema as { readonly default: unknown }).default]);
  return { ...(Object.fromEntries(byDefault) as StaticOptions), samples: 16, ...overrides };
}

/** A context in which `cleanup` can be applied and every node is its own layer. */
export function contextFor(model: Model, data: Dataset | undefined, overrides: Partial<PassContext> = {}): PassContext {
  const context: PassContext = passContext({
    ...(data === undefined ? {} : { data }),
    origins: new Map(model.graph.nodes.map((one) => [one.outputs[0] ?? '', [one.outputs[0] ?? '']])),
    apply: (_id, input, options) => cleanup.run(input, { rules: [], verify: false, ...options }, context),
    ...overrides,
  });
  return context;
}

export function quantized(model: Model, options: Partial<StaticOptions> = {}, data: Dataset | undefined = samples(16), overrides: Partial<PassContext> = {}): Promise<PassOutcome> {
  return quantizeStatic.run(model, defaults(options), contextFor(model, data, overrides));
}

export function operators(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType } of model.graph.nodes) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

/** Values behind input `position` of a node: codes, scales, zero points and axis of its DequantizeLinear. */
export async function dequantization(model: Model, tensor: string) {
  const found = model.graph.nodes.find((one) => isOp(one, 'DequantizeLinear') && one.outputs[0] === tensor);
  if (found === undefined) throw new Error(`${tensor} is not dequantized`);
  const constant = async (name: string): Promise<NdArray | undefined> => {
    const held = model.graph.initializers.get(name);
    return held === undefined ? undefined : readTensor(held);
  };
  const [codes = '', scale = '', zero = ''] = found.inputs;
  const axis = found.attributes.get('axis');
  return {
    codes: await constant(codes),
    scales: (await constant(scale))?.data as Float32Array,
    /** Empty where left out, which means 0. */
    zeros: Array.from(((await constant(zero))?.data ?? []) as ArrayLike<number>),
    axis: axis?.kind === 'int' ? Number(axis.value) : undefined,
    scaleName: scale,
    zeroName: zero,
  };
}

export function find(model: Model, opType: string, position = 0): Node {
  const found = model.graph.nodes.filter((one) => isOp(one, opType))[position];
  if (found === undefined) throw new Error(`no ${opType} ${position}`);
  return found;
}
