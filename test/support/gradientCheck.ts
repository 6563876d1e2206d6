// Checks gradient rules: the gradient that `differentiate` writes, run by onnxruntime, against differences of the
// forward operator. Linear and bilinear operators by unit steps over small integers, which float32 holds exactly; others
// against a float64 reference of the forward function, differentiated by central differences.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import type { DataType } from '../../src/engine/ir/dataTypes';
import { type Attribute, elementCount, type Model, type Node } from '../../src/engine/ir/model';
import { inferShapes } from '../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../src/engine/ir/tensors';
import type { NdArray, TypedArray } from '../../src/engine/ports';
import { seededRandom } from '../../src/engine/random';
import { differentiate } from '../../src/engine/train/gradient/differentiate';
import { testRuntime } from './passContext';

export interface OperatorCase {
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Inputs by position; null for an omitted one. Those of float32 in `by` are differentiated by; the rest is constant. */
  readonly inputs: readonly (NdArray | null)[];
  /** Positions to differentiate by; default all float32 inputs. */
  readonly by?: readonly number[];
  readonly outputs?: number;
  /** Output positions that are left out. */
  readonly omit?: readonly number[];
  /** Output positions that enter the loss; default all float32 outputs. */
  readonly lossOutputs?: readonly number[];
  readonly opset?: number;
}

/** A forward function over float64: arrays by input position to arrays by output position. */
export type Reference = (inputs: readonly Float64Array[]) => readonly Float64Array[];

export const floats = (dims: readonly number[], data: ArrayLike<number>): NdArray => ({ type: 'float32', dims, data: Float32Array.from(data) });
export const int64s = (dims: readonly number[], data: readonly number[]): NdArray => ({ type: 'int64', dims, data: BigInt64Array.from(data, BigInt) });

/** Whole numbers in [-limit, limit]: exact in float32 through sums and products. */
export function wholeNumbers(dims: readonly number[], seed: number, limit = 3): NdArray {
  const random = seededRandom(seed);
  return floats(dims, Array.from({ length: elementCount(dims) }, () => Math.floor(random() * (2 * limit + 1)) - limit));
}

/** Uniform numbers in [low, high). */
export function uniform(dims: readonly number[], seed: number, low = -2, high = 2): NdArray {
  const random = seededRandom(seed);
  return floats(dims, Array.from({ length: elementCount(dims) }, () => low + random() * (high - low)));
}

/** Values at least `gap` apart, in random order: no ties for max, no kinks within a difference's step. */
export function distinct(dims: readonly number[], seed: number, gap = 0.125): NdArray {
  const random = seededRandom(seed);
  const count = elementCount(dims);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return floats(dims, order.map((rank) => (rank - count / 2 + 0.37) * gap));
}

interface Prepared {
  readonly model: Model;
  readonly names: readonly string[];
  readonly by: readonly number[];
  readonly lossOutputs: readonly number[];
  readonly weights: readonly NdArray[];
}

/** One node, and as loss the sum of its outputs weighted by whole numbers. */
async function prepare(test: OperatorCase): Promise<Prepared> {
  const names = test.inputs.map((input, position) => (input === null ? '' : `x${position}`));
  const by = test.by ?? test.inputs.flatMap((input, position) => (input?.type === 'float32' ? [position] : []));
  const outputs = Array.from({ length: test.outputs ?? 1 }, (_, position) => (test.omit?.includes(position) === true ? '' : `y${position}`));
  const node = makeNode(test.op, names, outputs, test.attributes ?? {}, { domain: test.domain ?? '' });
  const given = test.inputs.flatMap((input, position): [number, NdArray][] => (input === null ? [] : [[position, input]]));
  const variable = given.filter(([position]) => by.includes(position));
  const constant = given.filter(([position]) => !by.includes(position));
  const opsets: Record<string, number> = { '': test.opset ?? 21, ...(test.domain !== undefined && { [test.domain]: 1 }) };
  const irVersion = 10;
  const build = (nodes: readonly Node[], extra: readonly NdArray[] = []): Model => makeModel(makeGraph({
    nodes,
    inputs: variable.map(([position, array]) => makeValue(`x${position}`, array.type, array.dims)),
    outputs: [],
    initializers: [
      ...constant.map(([position, array]) => tensorFrom(`x${position}`, array)),
      ...extra.map((array, index) => tensorFrom(`weight${index}`, array)),
      tensorFrom('flat', int64s([1], [-1])),
    ],
  }), opsets, irVersion);
  const shapes = await inferShapes(build([node]));
  const facts = outputs.map((name) => shapes.tensors.get(name));
  const lossOutputs = test.lossOutputs ?? facts.flatMap((fact, position) => (fact?.type === 'float32' ? [position] : []));
  const weights = lossOutputs.map((position) => wholeNumbers(facts[position]?.shape as number[], 1000 + position, 2));
  const nodes: Node[] = [node];
  const parts = lossOutputs.map((position, index) => {
    nodes.push(makeNode('Mul', [`y${position}`, `weight${index}`], [`weighted${index}`]));
    nodes.push(makeNode('Reshape', [`weighted${index}`, 'flat'], [`flat${index}`]));
    nodes.push(makeNode('ReduceSum', [`flat${index}`], [`part${index}`], { keepdims: { kind: 'int', value: 0n } }));
    return `part${index}`;
  });
  nodes.push(makeNode('Sum', parts, ['loss']));
  return { model: build(nodes, weights), names, by, lossOutputs, weights };
}

function feedsOf({ by }: Prepared, inputs: readonly (NdArray | null)[]): Record<string, NdArray> {
  return Object.fromEntries(by.map((position) => [`x${position}`, inputs[position] as NdArray]));
}

/** Runs a model once for each of `feeds` and fetches `outputs`, inner values among them. */
export async function runAll(model: Model, outputs: readonly string[], feeds: readonly Record<string, NdArray>[]): Promise<Record<string, NdArray>[]> {
  // A constant result has no gradient to fetch.
  if (outputs.length === 0) return feeds.map(() => ({}));
  const asked: Model = { ...model, graph: { ...model.graph, outputs: outputs.map((name) => makeValue(name, 'float32', null)) } };
  const session = await testRuntime.createSession(asked, { threads: 1 });
  try {
    const results: Record<string, NdArray>[] = [];
    for (const feed of feeds) results.push(await session.run(feed));
    return results;
  } finally {
    await session.release();
  }
}

/** dL/d(input) by position as the rule gives it; undefined where nothing flows. */
export async function analyticGradients(test: OperatorCase): Promise<ReadonlyMap<number, Float32Array | undefined>> {
  const prepared = await prepare(test);
  const { model, gradients } = await differentiate(prepared.model, 'loss', prepared.by.map((position) => `x${position}`));
  const names = [...new Set(gradients.values())];
  const [results] = await runAll(model, names, [feedsOf(prepared, test.inputs)]);
  return new Map(prepared.by.map((position) => {
    const name = gradients.get(`x${position}`);
    const found = name === undefined ? undefined : results?.[name];
    if (found !== undefined) assert.deepEqual(found.dims, test.inputs[position]?.dims, `shape of dL/dx${position}`);
    return [position, found?.data as Float32Array | undefined];
  }));
}

/** Linear in each input alone: L(x + e) - L(x) is the gradient. Give whole numbers (`wholeNumbers`). */
export async function checkLinear(test: OperatorCase, tolerance = 1e-5): Promise<void> {
  const prepared = await prepare(test);
  const analytic = await analyticGradients(test);
  const steps = prepared.by.flatMap((position) => Array.from({ length: elementCount(test.inputs[position]?.dims ?? []) }, (_, element) => ({ position, element })));
  const feeds = [feedsOf(prepared, test.inputs), ...steps.map(({ position, element }) =>
    feedsOf(prepared, test.inputs.map((input, at) => (at === position && input !== null ? stepped(input, element) : input))))];
  const losses = (await runAll(prepared.model, ['loss'], feeds)).map((result) => (result['loss']?.data as Float32Array)[0] as number);
  const base = losses[0] as number;
  const numeric = new Map(prepared.by.map((position) => [position, new Float64Array(elementCount(test.inputs[position]?.dims ?? []))]));
  steps.forEach(({ position, element }, index) => { (numeric.get(position) as Float64Array)[element] = (losses[index + 1] as number) - base; });
  for (const [position, expected] of numeric) assertClose(expected, analytic.get(position), tolerance, `${test.op}: dL/dx${position}`);
}

/** Against a float64 reference of the same operator: forward values first, then the gradients, norm-wise. */
export async function checkAgainst(test: OperatorCase, reference: Reference, tolerance = 1e-4): Promise<void> {
  const prepared = await prepare(test);
  const inputs = test.inputs.map((input) => Float64Array.from((input?.data ?? []) as TypedArray as Float32Array, Number));
  const loss = (values: readonly Float64Array[]): number => {
    const outputs = reference(values);
    return prepared.lossOutputs.reduce((sum, position, index) => {
      const weight = prepared.weights[index]?.data as Float32Array;
      return sum + (outputs[position] as Float64Array).reduce((total, value, at) => total + value * (weight[at] as number), 0);
    }, 0);
  };
  const [forward] = await runAll(prepared.model, ['loss'], [feedsOf(prepared, test.inputs)]);
  const found = (forward?.['loss']?.data as Float32Array)[0] as number;
  const wanted = loss(inputs);
  assert.ok(Math.abs(found - wanted) <= 1e-3 * (1 + Math.abs(wanted)), `${test.op}: the reference gives ${wanted}, onnxruntime ${found}`);
  const analytic = await analyticGradients(test);
  for (const position of prepared.by) {
    const expected = Float64Array.from(inputs[position] as Float64Array, (value, element) => {
      // Central differences in float64: truncation h^2 against rounding eps/h.
      const h = 1e-5 * Math.max(1, Math.abs(value));
      const at = (delta: number): number => loss(inputs.map((array, index) => (index === position ? array.map((old, i) => (i === element ? old + delta : old)) : array)));
      return (at(h) - at(-h)) / (2 * h);
    });
    assertClose(expected, analytic.get(position), tolerance, `${test.op}: dL/dx${position}`);
  }
}

/**
 * Derivatives of the operator's own kernel along random directions, by central differences in float32: for smooth operators
 * whose forward is held to the kernel elsewhere. Truncation (h^2) and rounding (eps / h) both stay near 1e-4.
 */
export async function checkDirections(test: OperatorCase, tolerance = 5e-3): Promise<void> {
  const prepared = await prepare(test);
  const analytic = await analyticGradients(test);
  const h = 1e-2;
  for (const position of prepared.by) {
    const input = test.inputs[position] as NdArray;
    const direction = uniform(input.dims, 77 + position, -1, 1).data as Float32Array;
    const moved = (step: number): NdArray => ({ ...input, data: Float32Array.from(input.data as Float32Array, (value, at) => value + step * (direction[at] as number)) });
    const feeds = [h, -h].map((step) => feedsOf(prepared, test.inputs.map((other, at) => (at === position ? moved(step) : other))));
    const [ahead = 0, behind = 0] = (await runAll(prepared.model, ['loss'], feeds)).map((result) => (result['loss']?.data as Float32Array)[0] as number);
    const wanted = (ahead - behind) / (2 * h);
    const gradient = analytic.get(position) ?? new Float32Array(direction.length);
    const found = gradient.reduce((sum, value, at) => sum + value * (direction[at] as number), 0);
    const size = Math.hypot(...gradient) + 1;
    assert.ok(Math.abs(found - wanted) <= tolerance * size, `${test.op}: dL/dx${position} along a direction is ${found}, differences give ${wanted}`);
  }
}

function stepped(input: NdArray, element: number): NdArray {
  const data = Float32Array.from(input.data as Float32Array);
  data[element] = (data[element] as number) + 1;
  return { ...input, data };
}

/** Norm of the difference at most `tolerance` times the norm (or 1 where that is smaller). A missing gradient is zero. */
export function assertClose(expected: Float64Array, found: ArrayLike<number> | undefined, tolerance: number, what: string): void {
  const values = found ?? new Float64Array(expected.length);
  assert.equal(values.length, expected.length, what);
  let difference = 0;
  let norm = 0;
  expected.forEach((value, index) => {
    difference += (value - (values[index] as number)) ** 2;
    norm += value ** 2;
  });
  const relative = Math.sqrt(difference) / Math.max(1, Math.sqrt(norm));
  assert.ok(relative <= tolerance, `${what}: off by ${relative}\nexpected ${Array.from(expected).slice(0, 24).join(' ')}\nfound    ${Array.from(values).slice(0, 24).join(' ')}`);
}

/** float32, for readers of cases. */
export const single: DataType = 'float32';
