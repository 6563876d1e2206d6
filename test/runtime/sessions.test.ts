import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../src/engine/error';
import { encodeModel, readModel, releaseModel } from '../../src/engine/ir/codec';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import type { DataType } from '../../src/engine/ir/dataTypes';
import type { Model } from '../../src/engine/ir/model';
import { tensorFrom } from '../../src/engine/ir/tensors';
import type { NdArray } from '../../src/engine/ports';
import { nodeFiles } from '../../src/runtime/files';
import { createRuntime, createSession, createSessionFromPath } from '../../src/runtime/sessions';

function unary(opType: string, type: DataType, dims: readonly (number | string)[], domain = ''): Model {
  return makeModel(makeGraph({
    nodes: [makeNode(opType, ['x'], ['y'], {}, { name: 'the node', domain })],
    inputs: [makeValue('x', type, dims)],
    outputs: [makeValue('y', type, dims)],
  }));
}

const code = (expected: string) => (error: unknown): boolean => error instanceof EngineError && error.code === expected;

const arrays: readonly NdArray[] = [
  { type: 'float32', dims: [2, 3], data: Float32Array.from([0.5, -1, 2, 3, 4, 5]) },
  { type: 'float64', dims: [2], data: Float64Array.from([0.1, -2]) },
  { type: 'float16', dims: [3], data: Uint16Array.from([0x3c00, 0xc000, 0x3555]) },
  { type: 'int8', dims: [3], data: Int8Array.from([-128, 0, 127]) },
  { type: 'uint8', dims: [3], data: Uint8Array.from([0, 7, 255]) },
  { type: 'int16', dims: [2], data: Int16Array.from([-32768, 32767]) },
  { type: 'uint16', dims: [2], data: Uint16Array.from([0, 65535]) },
  { type: 'int32', dims: [2], data: Int32Array.from([-(2 ** 31), 7]) },
  { type: 'uint32', dims: [2], data: Uint32Array.from([0, 2 ** 32 - 1]) },
  { type: 'int64', dims: [2], data: BigInt64Array.from([-(2n ** 63n), 5n]) },
  { type: 'uint64', dims: [1], data: BigUint64Array.from([2n ** 64n - 1n]) },
  { type: 'bool', dims: [3], data: Uint8Array.from([1, 0, 1]) },
  { type: 'string', dims: [2], data: ['a', '量化'] },
  { type: 'float32', dims: [], data: Float32Array.from([3]) },
  { type: 'float32', dims: [0, 4], data: new Float32Array(0) },
];

describe('sessions', () => {
  for (const array of arrays) {
    it(`carry ${array.type} [${array.dims.join(', ')}] there and back`, async () => {
      const session = await createSession(unary('Identity', array.type, array.dims));
      const { y } = await session.run({ x: array });
      await session.release();
      assert.deepEqual({ type: y?.type, dims: [...(y?.dims ?? [])], data: y?.data }, array);
    });
  }

  it('describe inputs and outputs, with symbolic dimensions by name', async () => {
    const session = await createSession(unary('Relu', 'float32', ['batch', 4]));
    assert.deepEqual(session.inputs, [{ name: 'x', type: 'float32', shape: ['batch', 4] }]);
    assert.deepEqual(session.outputs, [{ name: 'y', type: 'float32', shape: ['batch', 4] }]);
    const fixed = await createSession(unary('Relu', 'float32', ['batch', 4]), { dims: { batch: 3 } });
    assert.deepEqual(fixed.inputs[0]?.shape, [3, 4]);
  });

  it('name runtime and threads', () => {
    const runtime = createRuntime();
    assert.match(runtime.version, /^onnxruntime \d+\.\d+\.\d+$/);
    assert.ok(runtime.defaultThreads >= 1);
  });

  it('give only the outputs asked for', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Relu', ['x'], ['a']), makeNode('Neg', ['a'], ['b'])],
      inputs: [makeValue('x', 'float32', [1])],
      outputs: [makeValue('a', 'float32', [1]), makeValue('b', 'float32', [1])],
    }));
    const session = await createSession(model);
    const x: NdArray = { type: 'float32', dims: [1], data: Float32Array.from([2]) };
    assert.deepEqual(Object.keys(await session.run({ x }, ['b'])), ['b']);
    assert.deepEqual(Object.keys(await session.run({ x })).sort(), ['a', 'b']);
  });

  it('give the same for weights in memory and weights left on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'decant-test-'));
    try {
      const size = 64;
      const weights = Float32Array.from(randomBytes(size * size), (byte) => byte / 255);
      const model = makeModel(makeGraph({
        nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
        inputs: [makeValue('x', 'float32', [1, size])],
        outputs: [makeValue('y', 'float32', [1, size])],
        initializers: [tensorFrom('w', { type: 'float32', dims: [size, size], data: weights })],
      }));
      const path = join(folder, 'model.onnx');
      await writeFile(path, await encodeModel(model));
      const lazy = await readModel(await nodeFiles.open(path), nodeFiles);
      const x: NdArray = { type: 'float32', dims: [1, size], data: new Float32Array(size).fill(1) };
      const results = [];
      for (const session of [await createSession(model), await createSession(lazy, { inMemoryLimit: 0 }), await createSessionFromPath(path)]) {
        results.push((await session.run({ x }))['y']?.data);
        await session.release();
      }
      assert.deepEqual(results[1], results[0]);
      assert.deepEqual(results[2], results[0]);
      await releaseModel(lazy);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('errors of sessions', () => {
  it('refuse a file that is no model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'decant-test-'));
    try {
      const path = join(folder, 'noise.onnx');
      await writeFile(path, Buffer.from([1, 2, 3]));
      await assert.rejects(createSessionFromPath(path), code('modelRejected'));
      await assert.rejects(createSessionFromPath(join(folder, 'missing.onnx')), code('modelRejected'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('name the input whose type the binding does not carry', async () => {
    await assert.rejects(createSession(unary('Identity', 'float8e4m3fn', [2])), (error: unknown) => code('unsupportedType')(error) && /"x" has type float8e4m3fn/.test(String(error)));
  });

  it('name the node that has no kernel', async () => {
    await assert.rejects(createSession(unary('Foo', 'float32', [1])), (error) => code('modelRejected')(error) && (error as EngineError).node === 'the node');
  });

  it('refuse a provider nobody knows, before anything is loaded', async () => {
    await assert.rejects(createSession(unary('Relu', 'float32', [1]), { provider: 'abacus' }), code('unknownProvider'));
  });

  it('say which node failed while running, without source files of onnxruntime', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Reshape', ['x', 's'], ['y'], {}, { name: 'bad reshape' })],
      inputs: [makeValue('x', 'float32', ['n', 3]), makeValue('s', 'int64', [1])],
      outputs: [makeValue('y', 'float32', ['m'])],
    }));
    const session = await createSession(model);
    const feeds = { x: arrays[0] as NdArray, s: { type: 'int64', dims: [1], data: BigInt64Array.from([7n]) } as const };
    await assert.rejects(session.run(feeds), (error) => code('runFailed')(error)
      && (error as EngineError).node === 'bad reshape' && /bad reshape \(Reshape\)/.test(String(error)) && !/\/onnxruntime_src|\.h:\d/.test(String(error)));
  });

  it('refuse data of the wrong shape or of a type that the binding does not carry', async () => {
    const session = await createSession(unary('Relu', 'float32', [1, 4]));
    await assert.rejects(session.run({ x: { type: 'float32', dims: [4], data: new Float32Array(4) } }), code('runFailed'));
    await assert.rejects(session.run({ x: { type: 'float32', dims: [1, 4], data: new Float32Array(3) } }), code('runFailed'));
    await assert.rejects(session.run({ x: { type: 'bfloat16', dims: [1, 4], data: new Uint16Array(4) } }), code('unsupportedType'));
    await assert.rejects(session.run({ x: { type: 'int4', dims: [1, 4], data: new Uint8Array(2) } }), code('unsupportedType'));
  });
});
