import assert from 'node:assert/strict';
import { float, int, ints, string } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Attribute, Model, Node } from '../../../src/engine/ir/model';
import { convertOpset, NEWEST_OPSET } from '../../../src/engine/ir/opsetConversion';
import { changes } from '../../../src/engine/ir/opsets/changes';
import { operatorHistory } from '../../../src/engine/ir/opsets/history';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import type { NdArray } from '../../../src/engine/ports';
import { assertSameOutputs } from '../../support/models';

function modelAt(opset: number, nodes: readonly Node[], constants: Readonly<Record<string, NdArray>> = {}, input: readonly number[] = [2, 3, 4, 5], outputs: readonly string[] = ['y']): Model {
  return makeModel(makeGraph({
    nodes,
    inputs: [makeValue('x', 'float32', input)],
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: Object.entries(constants).map(([name, values]) => tensorFrom(name, values)),
  }), { '': opset }, 4);
}

const node = (opType: string, attributes: Readonly<Record<string, Attribute>>, inputs: readonly string[] = ['x']): Node =>
  makeNode(opType, inputs, ['y'], attributes);

const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });
const vector = (...values: readonly number[]): NdArray => ({ type: 'float32', dims: [values.length], data: Float32Array.from(values) });

/** Models at an old opset that a newer one writes differently; each must give the same result after conversion. */
const cases: readonly (readonly [what: string, model: Model])[] = [
  ['Clip', modelAt(8, [node('Clip', { min: float(0.2), max: float(0.7) })])],
  ['Clip with one bound', modelAt(8, [node('Clip', { max: float(0.7) })])],
  ['Dropout', modelAt(8, [node('Dropout', { ratio: float(0.4) })])],
  ['Hardmax', modelAt(8, [node('Hardmax', { axis: int(2) })])],
  ['LogSoftmax', modelAt(9, [node('LogSoftmax', { axis: int(-1) })])],
  ['Pad', modelAt(8, [node('Pad', { pads: ints([0, 0, 1, 2, 0, 0, 0, 1]), value: float(0.5) })])],
  ['Pad by reflection', modelAt(8, [node('Pad', { pads: ints([0, 0, 1, 2, 0, 0, 0, 1]), mode: string('reflect') })])],
  ['ReduceMean', modelAt(8, [node('ReduceMean', { axes: ints([1, 3]), keepdims: int(0) })])],
  ['ReduceSum', modelAt(8, [node('ReduceSum', { axes: ints([1]) })])],
  ['ReduceMax of all axes', modelAt(8, [node('ReduceMax', { keepdims: int(1) })])],
  ['Slice', modelAt(9, [node('Slice', { starts: ints([1, -3]), ends: ints([9_223_372_036_854_775_807n, -1]), axes: ints([1, 3]) })])],
  ['Slice without axes', modelAt(9, [node('Slice', { starts: ints([0, 1]), ends: ints([1, 3]) })])],
  ['Softmax over several axes', modelAt(9, [node('Softmax', {})])],
  ['Softmax over the last axis', modelAt(9, [node('Softmax', { axis: int(3) })])],
  ['Softmax over the one wide axis', modelAt(9, [node('Softmax', { axis: int(1) })], {}, [2, 5, 1, 1])],
  ['Split', modelAt(9, [makeNode('Split', ['x'], ['y', 'z'], { axis: int(3), split: ints([2, 3]) })], {}, [2, 3, 4, 5], ['y', 'z'])],
  ['Split into equal parts', modelAt(9, [makeNode('Split', ['x'], ['y', 'z'], { axis: int(2) })], {}, [2, 3, 4, 5], ['y', 'z'])],
  ['Squeeze', modelAt(9, [node('Squeeze', { axes: ints([1]) })], {}, [2, 1, 4, 1])],
  ['TopK', modelAt(9, [makeNode('TopK', ['x'], ['y', 'i'], { k: int(2), axis: int(3) })])],
  ['Unsqueeze', modelAt(9, [node('Unsqueeze', { axes: ints([0, 3]) })])],
  ['Upsample', modelAt(8, [node('Upsample', { scales: floats([1, 1, 2, 2]), mode: string('nearest') })])],
  ['Upsample by interpolation', modelAt(9, [node('Upsample', { mode: string('linear') }, ['x', 's'])], { s: vector(1, 1, 2, 3) })],
  ['Resize that shrinks', modelAt(10, [node('Resize', { mode: string('nearest') }, ['x', 's'])], { s: vector(1, 1, 0.5, 0.6) })],
  ['BatchNormalization', modelAt(8, [node('BatchNormalization', { spatial: int(1), epsilon: float(0.01) }, ['x', 's', 'b', 'm', 'v'])],
    { s: vector(1, 2, 3), b: vector(0.1, 0.2, 0.3), m: vector(0.5, 0.4, 0.3), v: vector(1, 0.5, 2) })],
];

describe('opset conversion', () => {
  for (const [what, model] of cases) {
    it(`keeps what ${what} computes, up to the newest opsets`, async () => {
      // onnxruntime has kernels for what these operators became in opsets 19 to 25 as well.
      for (const opset of [13, 18, 21, NEWEST_OPSET]) {
        const { model: converted } = await convertOpset(model, opset);
        assert.equal(converted.opsets.get(''), opset);
        await assertSameOutputs(model, converted, 1e-6);
      }
    });
  }

  it('leaves the caller\'s model as it was, and gives it back where there is nothing to do', async () => {
    const model = modelAt(8, [node('Clip', { min: float(0) })]);
    await convertOpset(model, 13);
    assert.equal(model.graph.nodes[0]?.attributes.size, 1);
    assert.equal(model.opsets.get(''), 8);
    const { model: same } = await convertOpset(model, 7);
    assert.equal(same, model);
  });

  it('converts the bodies of If and Loop', async () => {
    const body = makeGraph({ nodes: [makeNode('Clip', ['x'], ['out'], { min: float(0.3) })], inputs: [], outputs: [makeValue('out', 'float32', null)] });
    const model = modelAt(9, [
      makeNode('ReduceSum', ['x'], ['sum'], { keepdims: int(0) }), makeNode('Greater', ['sum', 'zero'], ['c']),
      makeNode('If', ['c'], ['y'], { then_branch: { kind: 'graph', value: body }, else_branch: { kind: 'graph', value: body } }),
    ], { zero: { type: 'float32', dims: [], data: Float32Array.of(0) } });
    const { model: converted } = await convertOpset(model, 13);
    await assertSameOutputs(model, converted, 1e-6);
  });

  it('refuses by name what it cannot convert', async () => {
    const spatial = modelAt(8, [node('BatchNormalization', { spatial: int(0) }, ['x', 's', 's', 's', 's'])], { s: vector(1) });
    await assert.rejects(convertOpset(spatial, 13), { code: 'unsupportedOperator', params: { node: 'y', op: 'BatchNormalization', opset: 8, domain: 'ai.onnx', by: 'the conversion to opset 9' } });
    await assert.rejects(convertOpset(modelAt(8, [node('Crop', {})]), 13), { code: 'unsupportedOperator' });
    await assert.rejects(convertOpset(modelAt(6, [node('Relu', {})]), 13), { code: 'unsupportedOpset' });
  });

  it('raises the IR version to what the opset came with, and never lowers it', async () => {
    assert.equal((await convertOpset(modelAt(9, [node('Relu', {})]), 13)).model.irVersion, 7);
    assert.equal((await convertOpset(modelAt(9, [node('Relu', {})]), 21)).model.irVersion, 10);
    assert.equal((await convertOpset({ ...modelAt(9, [node('Relu', {})]), irVersion: 12 }, 13)).model.irVersion, 12);
  });

  it('lists a change only where the operator has a version', () => {
    for (const [op, versions] of Object.entries(changes)) {
      for (const version of Object.keys(versions)) assert.ok(operatorHistory[op]?.includes(Number(version)), `${op} ${version}`);
    }
  });
});
