import assert from 'node:assert/strict';
import { EngineError } from '../../src/engine/error';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { tensorFrom } from '../../src/engine/ir/tensors';
import { sampleInputs, shapeOf } from '../../src/runtime/sampleInputs';

const embedding = makeModel(makeGraph({
  nodes: [makeNode('Gather', ['table', 'ids'], ['y'])],
  inputs: [makeValue('ids', 'int64', ['batch', 'length']), makeValue('attention_mask', 'int64', ['batch', 'length'])],
  outputs: [makeValue('y', 'float32', null)],
  initializers: [tensorFrom('table', { type: 'float32', dims: [1000, 2], data: new Float32Array(2000) })],
}));

describe('sample inputs', () => {
  it('fill open dimensions: the first from the batch, the others by name', () => {
    const input = { name: 'x', type: 'float32', shape: ['N', 3, 'height', ''] } as const;
    assert.deepEqual(shapeOf(input, { batch: 2, dims: { height: 8, 'x[3]': 9 } }), [2, 3, 8, 9]);
    assert.throws(() => shapeOf(input, { dims: { height: 8 } }), (error) => error instanceof EngineError && error.code === 'symbolicDimension' && error.params['dim'] === 'x[3]');
  });

  it('are indices within the table they look up, and masks that let everything through', () => {
    const inputs = ['ids', 'attention_mask'].map((name) => ({ name, type: 'int64', shape: ['batch', 'length'] } as const));
    const { ids, attention_mask: mask } = sampleInputs(embedding, inputs, { dims: { length: 500 } });
    const numbers = Array.from(ids?.data as BigInt64Array, Number);
    assert.ok(numbers.every((id) => id >= 0 && id < 1000) && Math.max(...numbers) > 500);
    assert.ok((mask?.data as BigInt64Array).every((value) => value === 1n));
  });

  it('are the same for the same seed, and plausible in every type', () => {
    const all = (['float32', 'float64', 'float16', 'uint8', 'int8', 'bool', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'string'] as const)
      .map((type) => ({ name: type, type, shape: [16] }));
    const first = sampleInputs(embedding, all, { seed: 3 });
    assert.deepEqual(sampleInputs(embedding, all, { seed: 3 }), first);
    assert.notDeepEqual(sampleInputs(embedding, all, { seed: 4 }), first);
    // In [0, 1): the exponent field of a half stays below that of 1.0 (0x3c00).
    assert.ok(Array.from(first['float16']?.data as Uint16Array).every((bits) => bits < 0x3c00));
  });

  it('refuse a type that the binding does not carry', () => {
    assert.throws(() => sampleInputs(embedding, [{ name: 'x', type: 'bfloat16', shape: [1] }]), (error) => error instanceof EngineError && error.code === 'unsupportedType');
  });
});
