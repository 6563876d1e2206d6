// Attribution on small graphs written by hand in the shapes that onnxruntime's optimisers leave (dumped from 1.30).

import assert from 'node:assert/strict';
import { attribute, type AttributedLayer, type KernelRecord } from '../../../src/engine/analysis/attribution';
import { string } from '../../../src/engine/ir/attributes';
import { makeGraph, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Graph, Node } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';

const NCHWC = 'com.microsoft.nchwc';
const MICROSOFT = 'com.microsoft';

function graph(nodes: readonly Node[], weights: readonly string[] = []): Graph {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const outputs = [...made].filter((tensor) => !used.has(tensor));
  return makeGraph({
    nodes,
    inputs: [makeValue('x', 'float32', null)],
    outputs: outputs.map((output) => makeValue(output, 'float32', null)),
    initializers: weights.map((name) => tensorFrom(name, { type: 'float32', dims: [1], data: new Float32Array(1) })),
  });
}

function node(opType: string, inputs: string, output: string, domain = '', name = `${opType}_${output}`): Node {
  return makeNode(opType, inputs.split(' '), output.split(' '), {}, { name, domain });
}

function layer(op: string, ...outputs: readonly string[]): AttributedLayer {
  return { id: outputs[0] ?? '', op, nodes: outputs.map((output) => ({ outputs: [output] })) };
}

/** One run in which the nth kernel takes 2^n ms, so that a sum tells its parts. */
function powers(optimised: Graph): { readonly duration: number; readonly overhead: number; readonly kernels: readonly KernelRecord[] } {
  const kernels = optimised.nodes.map((each, at) => ({ node: each.name, op: each.opType, provider: 'cpu', inputTypes: [], duration: 2 ** at }));
  return { kernels, overhead: 0.5, duration: 2 ** kernels.length - 1 + 0.5 };
}

function rowsOf(original: Graph, layers: readonly AttributedLayer[], optimised: Graph): { readonly rows: Record<string, number>; readonly layout: number; readonly lists: Record<string, readonly string[]> } {
  const run = powers(optimised);
  const result = attribute(original, layers, optimised, [run]);
  const sum = result.layers.reduce((total, row) => total + row.latency.mean, 0) + result.layout + result.overhead;
  assert.equal(sum, result.total);
  assert.equal(result.total, run.duration);
  return {
    rows: Object.fromEntries(result.layers.map((row) => [row.id, row.latency.mean])),
    layout: result.layout,
    lists: Object.fromEntries(result.layers.flatMap((row) => (row.layers ? [[row.id, row.layers]] : []))),
  };
}

describe('attribution of kernels to layers', () => {
  it('follows convolutions through the blocked layout, where no inner tensor keeps its name', () => {
    const original = graph([
      node('Conv', 'x w1', 'c1'), node('BatchNormalization', 'c1 s b m v', 'n1'), node('Relu', 'n1', 'r1'),
      node('Conv', 'r1 w2', 'c2'), node('BatchNormalization', 'c2 s b m v', 'n2'), node('Add', 'n2 r1', 'a'), node('Relu', 'a', 'r2'),
      node('GlobalAveragePool', 'r2', 'y'),
    ], ['w1', 'w2', 's', 'b', 'm', 'v']);
    const layers = [layer('Conv', 'c1', 'n1', 'r1'), layer('Conv', 'c2', 'n2'), layer('Add', 'a', 'r2'), layer('GlobalAveragePool', 'y')];
    const fused = (inputs: string, output: string, name: string): Node =>
      makeNode('Conv', inputs.split(' '), [output], { activation: string('Relu') }, { domain: NCHWC, name });
    const optimised = graph([
      node('ReorderInput', 'x', 't0', NCHWC),
      fused('t0 t1 b1', 't2', 'r1_nchwc'),
      fused('t2 t3 b2 t2', 't4', 'n2_nchwc_token_7'),
      node('GlobalAveragePool', 't4', 't5', NCHWC),
      node('ReorderOutput', 't5', 'y', NCHWC),
    ]);
    const { rows, layout, lists } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { c1: 2, c2: 4, y: 8 });
    assert.equal(layout, 1 + 16);
    assert.deepEqual(lists, { c2: ['c2', 'a'] });
  });

  it('does not take the sum of a residual for the input of a convolution', () => {
    const original = graph([
      node('Conv', 'x w1', 'c1'), node('Conv', 'c1 w2', 'c2'), node('Conv', 'x w3', 'down'), node('Add', 'c2 down', 'y'),
    ], ['w1', 'w2', 'w3']);
    const layers = [layer('Conv', 'c1'), layer('Conv', 'c2'), layer('Conv', 'down'), layer('Add', 'y')];
    const optimised = graph([
      node('Conv', 'x t1', 't2', NCHWC, 'c1_nchwc'), node('Conv', 'x t3', 't4', NCHWC, 'down_nchwc'),
      makeNode('Conv', ['t2', 't5', '', 't4'], ['t6'], {}, { domain: NCHWC, name: 'c2_nchwc' }), node('ReorderOutput', 't6', 'y', NCHWC),
    ]);
    const { rows, lists } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { c1: 1, c2: 4, down: 2 });
    assert.deepEqual(lists, { c2: ['c2', 'y'] });
  });

  it('makes one row of heavy layers that were fused into one kernel', () => {
    const original = graph([
      node('MatMul', 'x w', 'q'), node('MatMul', 'q q', 'scores'), node('Softmax', 'scores', 'p'), node('MatMul', 'p q', 'mixed'), node('Relu', 'mixed', 'y'),
    ], ['w']);
    const layers = [layer('MatMul', 'q'), layer('MatMul', 'scores'), layer('Softmax', 'p'), layer('MatMul', 'mixed'), layer('Relu', 'y')];
    const optimised = graph([node('MatMul', 'x w', 'q'), node('Attention', 'q', 'mixed', MICROSOFT), node('Relu', 'mixed', 'y')], ['w']);
    const { rows, lists } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { q: 1, scores: 2, y: 4 });
    assert.deepEqual(lists, { scores: ['scores', 'p', 'mixed'] });
  });

  it('makes one row of parallel layers that nothing tells apart', () => {
    const original = graph([node('Conv', 'x w1', 'c1'), node('Conv', 'x w2', 'c2'), node('Concat', 'c1 c2', 'y')], ['w1', 'w2']);
    const layers = [layer('Conv', 'c1'), layer('Conv', 'c2'), layer('Concat', 'y')];
    const optimised = graph([node('Conv', 'x t1', 't2', NCHWC, 'a'), node('Conv', 'x t3', 't4', NCHWC, 'b'), node('Concat', 't2 t4', 'y', '', 'cat')]);
    const { rows, lists } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { c1: 3, y: 4 });
    assert.deepEqual(lists, { c1: ['c1', 'c2'] });
  });

  it('counts transposes and casts as layout only where onnxruntime put them in', () => {
    const original = graph([node('Transpose', 'x', 'nchw'), node('Conv', 'nchw w', 'c'), node('Cast', 'c', 'y')], ['w']);
    const layers = [layer('Transpose', 'nchw'), layer('Conv', 'c'), layer('Cast', 'y')];
    const optimised = graph([
      node('Transpose', 'x', 'nchw'), node('Transpose', 'nchw', 't1'), node('NhwcConv', 't1 w', 't2', MICROSOFT), node('Transpose', 't2', 'c', '', 'back'), node('Cast', 'c', 'y'),
    ], ['w']);
    const { rows, layout } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { nchw: 1, c: 4, y: 16 });
    assert.equal(layout, 2 + 8);
  });

  it('attributes quantized kernels by their weights, and leftover dequantization to what wants it', () => {
    const original = graph([
      node('QuantizeLinear', 'x s', 'xq'), node('DequantizeLinear', 'xq s', 'xd'),
      node('DequantizeLinear', 'w1q s', 'w1'), node('DequantizeLinear', 'w2q s', 'w2'),
      node('Conv', 'xd w1', 'c1'), node('QuantizeLinear', 'c1 s', 'q1'), node('DequantizeLinear', 'q1 s', 'd1'),
      node('Conv', 'xd w2', 'c2'), node('QuantizeLinear', 'c2 s', 'q2'), node('DequantizeLinear', 'q2 s', 'd2'),
      node('Concat', 'd1 d2', 'cat'), node('Softmax', 'cat', 'y'),
    ], ['s', 'w1q', 'w2q']);
    const layers = [layer('Conv', 'c1', 'xq', 'xd', 'w1', 'q1'), layer('Conv', 'c2', 'w2', 'q2'), layer('Concat', 'cat'), layer('Softmax', 'y')];
    const optimised = graph([
      node('QuantizeLinear', 'x s', 'xq'), node('Transpose', 'xq', 't0'),
      node('QLinearConv', 't0 s z w2q s z s z', 't2', MICROSOFT, 'k2'), node('QLinearConv', 't0 s z w1q s z s z', 't1', MICROSOFT, 'k1'),
      node('Concat', 't1 t2', 't3'), node('DequantizeLinear', 't3 s', 't4', '', 'moved'), node('Softmax', 't4', 'y'),
    ], ['s', 'z', 'w1q', 'w2q']);
    const { rows, layout } = rowsOf(original, layers, optimised);
    assert.deepEqual(rows, { c1: 1 + 8, c2: 4, cat: 16, y: 32 + 64 });
    assert.equal(layout, 2);
  });

  it('gives a partition that a provider compiled one row with all its layers', () => {
    const original = graph([node('Conv', 'x w1', 'c1'), node('Relu', 'c1', 'r1'), node('Conv', 'r1 w2', 'y')], ['w1', 'w2']);
    const layers = [layer('Conv', 'c1', 'r1'), layer('Conv', 'y')];
    const { rows, lists } = rowsOf(original, layers, graph([node('TRTKernel_0', 'x', 'y', 'ai.trt')]));
    assert.deepEqual(rows, { c1: 1 });
    assert.deepEqual(lists, { c1: ['c1', 'y'] });
  });

  it('leaves out what was folded into constants, and counts a kernel of no layer with what feeds it', () => {
    const original = graph([node('Transpose', 'w', 'wt'), node('MatMul', 'x wt', 'm'), node('Relu', 'm', 'y')], ['w']);
    const layers = [layer('Transpose', 'wt'), layer('MatMul', 'm')];
    const optimised = graph([node('MatMul', 'x wt', 'm'), node('Relu', 'm', 'y')], ['wt']);
    assert.deepEqual(rowsOf(original, layers, optimised).rows, { m: 1 + 2 });
    assert.deepEqual(rowsOf(original, [], optimised).rows, { m: 1 + 2 });
  });

  it('averages over runs and counts kernels by provider', () => {
    const original = graph([node('Relu', 'x', 'a'), node('Exp', 'a', 'y')]);
    const kernel = (name: string, provider: string, duration: number): KernelRecord => ({ node: name, op: '', provider, inputTypes: [], duration });
    const result = attribute(original, [layer('Relu', 'a'), layer('Exp', 'y')], original, [
      { duration: 10, overhead: 1, kernels: [kernel('Relu_a', 'cpu', 3), kernel('Exp_y', 'webgpu', 6)] },
      { duration: 14, overhead: 2, kernels: [kernel('Relu_a', 'cpu', 5), kernel('Exp_y', 'webgpu', 7)] },
    ]);
    assert.deepEqual(result.layers.map(({ id, latency: { mean }, provider }) => [id, mean, provider]), [['a', 4, 'cpu'], ['y', 6.5, 'webgpu']]);
    assert.deepEqual([result.total, result.overhead, result.layout], [12, 1.5, 0]);
    assert.deepEqual(result.used, { cpu: 1, webgpu: 1 });
    assert.ok(result.layers.every((row) => Math.abs(row.share - row.latency.mean / 12) < 1e-12));
  });
});
