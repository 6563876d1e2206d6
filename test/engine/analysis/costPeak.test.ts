// Peak of live activations and bytes moved against a simulation by definition, on random graphs.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { costOf, type ModelCost } from '../../../src/engine/analysis/cost';
import { peakActivationBytes } from '../../../src/engine/analysis/costGraph';
import { findLayers } from '../../../src/engine/analysis/layers';
import { makeGraph, makeNode, makeValue } from '../../../src/engine/ir/build';
import { topologicalOrder } from '../../../src/engine/ir/graphIndex';
import type { Graph } from '../../../src/engine/ir/model';
import type { ShapeMap, TensorShape } from '../../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../../src/engine/ir/tensors';

interface Sample {
  readonly graph: Graph;
  readonly shapes: ShapeMap;
  /** Bytes of every tensor. */
  readonly bytes: ReadonlyMap<string, number>;
  /** Stored tensors and what is computed from them alone. */
  readonly constant: ReadonlySet<string>;
}

/** Inputs as fractions of the tensors that are there so far, outputs as their sizes. */
const step = fc.record({ inputs: fc.array(fc.nat(999), { minLength: 1, maxLength: 3 }), outputs: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 2 }) });

const sample: fc.Arbitrary<Sample> = fc.record({
  inputs: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 3 }),
  weights: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  kept: fc.array(fc.nat(999), { minLength: 1, maxLength: 3 }),
  order: fc.infiniteStream(fc.nat(999)),
}).map(({ inputs, weights, steps, kept, order }): Sample => {
  const sizes = new Map<string, number>();
  inputs.forEach((size, index) => sizes.set(`x${index}`, size));
  weights.forEach((size, index) => sizes.set(`w${index}`, size));
  const constant = new Set(weights.map((_, index) => `w${index}`));
  const pick = (fraction: number): string => [...sizes.keys()][Math.floor((fraction * sizes.size) / 1000)] ?? 'x0';
  const nodes = steps.map((item, index) => {
    const from = item.inputs.map(pick);
    const outputs = item.outputs.map((_, output) => `t${index}_${output}`);
    item.outputs.forEach((size, output) => sizes.set(outputs[output] ?? '', size));
    if (from.every((name) => constant.has(name))) outputs.forEach((name) => constant.add(name));
    return makeNode('Work', from, outputs, {}, { domain: 'org.example' });
  });
  const made = nodes.flatMap((node) => node.outputs);
  const shuffled = nodes.map((node) => [order.next().value, node] as const).sort(([a], [b]) => a - b).map(([, node]) => node);
  const graph = makeGraph({
    nodes: shuffled,
    inputs: inputs.map((size, index) => makeValue(`x${index}`, 'float32', [size])),
    outputs: [...new Set(kept.map((fraction) => made[Math.floor((fraction * made.length) / 1000)] ?? ''))].map((name) => makeValue(name, 'float32', null)),
    initializers: weights.map((size, index) => tensorFrom(`w${index}`, { type: 'float32', dims: [size], data: new Float32Array(size) })),
  });
  const tensors = new Map([...sizes].map(([name, size]): [string, TensorShape] => [name, { type: 'float32', shape: [size] }]));
  return {
    graph, constant, shapes: { tensors, bodies: new Map(), calls: new Map(), notes: [] },
    bytes: new Map([...sizes].map(([name, size]) => [name, 4 * size])),
  };
});

/** For every moment the sum over all tensors that exist then; a tensor exists from when it is made to its last use. */
function simulatedPeak({ graph, bytes, constant }: Sample): number {
  const order = topologicalOrder(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const moments = order.map((_, at) => at).filter((at) => !(order[at]?.outputs.every((name) => constant.has(name)) ?? true));
  const sums = [-1, ...moments].map((now) => [...bytes].filter(([name]) => {
    const made = order.findIndex((node) => node.outputs.includes(name));
    const last = order.findLastIndex((node) => node.inputs.includes(name));
    const isInput = made < 0;
    const end = outputs.has(name) || (isInput && last < 0) ? Infinity : Math.max(last, made);
    return !constant.has(name) && made <= now && now <= end;
  }).reduce((sum, [, size]) => sum + size, 0));
  return Math.max(...sums);
}

function cost({ graph, shapes }: Sample): ModelCost {
  return costOf(graph, findLayers(graph, shapes), shapes);
}

describe('peak of live activations', () => {
  it('is what a simulation of every moment gives', () => {
    fc.assert(fc.property(sample, (drawn) => {
      assert.equal(peakActivationBytes(drawn.graph, drawn.shapes), simulatedPeak(drawn));
    }), { numRuns: 500 });
  });

  it('is at least what any node reads and writes, and at most all tensors together', () => {
    fc.assert(fc.property(sample, (drawn) => {
      const { graph, shapes, bytes, constant } = drawn;
      const peak = peakActivationBytes(graph, shapes) ?? NaN;
      const total = (names: Iterable<string>): number => [...new Set(names)].filter((name) => !constant.has(name)).reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0);
      assert.ok(peak <= total(bytes.keys()));
      for (const node of graph.nodes) assert.ok(peak >= total([...node.inputs, ...node.outputs]));
    }));
  });
});

describe('bytes moved', () => {
  it('are for every layer what enters it, its stored weights and what leaves it', () => {
    fc.assert(fc.property(sample, (drawn) => {
      const { graph, shapes, bytes, constant } = drawn;
      const { layers } = cost(drawn);
      const outputs = new Set(graph.outputs.map(({ name }) => name));
      for (const layer of findLayers(graph, shapes)) {
        const inside = new Set(layer.nodes);
        const own = new Set(layer.nodes.flatMap((node) => node.outputs));
        const used = new Set(layer.nodes.flatMap((node) => node.inputs));
        const reads = [...used].filter((name) => !own.has(name) && (!constant.has(name) || graph.initializers.has(name)));
        const leaves = [...own].filter((name) => !constant.has(name) && (outputs.has(name) || graph.nodes.some((node) => !inside.has(node) && node.inputs.includes(name))));
        const sum = (names: readonly string[]): number => names.reduce((total, name) => total + (bytes.get(name) ?? 0), 0);
        assert.equal(layers.get(layer.id)?.bytesMoved, sum(reads) + sum(leaves));
        assert.equal(layers.get(layer.id)?.activationBytes, sum(leaves));
      }
    }), { numRuns: 300 });
  });

  it('and stored bytes add up to those of the model', () => {
    fc.assert(fc.property(sample, (drawn) => {
      const total = cost(drawn);
      const stored = [...drawn.graph.initializers.keys()].reduce((sum, name) => sum + (drawn.bytes.get(name) ?? 0), 0);
      assert.equal(total.weightBytes, stored);
    }));
  });
});
