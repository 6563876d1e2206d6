// Saving: one file or two, whole or none, never over anything; weights go from file to file without passing through memory.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { readModel, releaseModel } from '../../src/engine/ir/codec';
import { encodeMessages } from '../../src/engine/ir/encode';
import type { Model, TensorData } from '../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../src/engine/ir/tensors';
import { freeOutput } from '../../src/jobs/outputName';
import { FileSource } from '../../src/runtime/fileSource';
import { nodeFiles } from '../../src/runtime/files';
import { savedBytes, saveModel, sideFilePath } from '../../src/runtime/saveModel';
import { writeAtomically, writeTogether } from '../../src/runtime/writing';

/** Floats a layer: 12 KB, above what stays in the model file. */
const SIZE = 3000;

function layered(layers: number): Model {
  return makeModel(makeGraph({
    inputs: [makeValue('x0', 'float32', [SIZE])],
    outputs: [makeValue(`x${layers}`, 'float32', [SIZE])],
    nodes: Array.from({ length: layers }, (_, index) => makeNode('Add', [`x${index}`, `w${index}`], [`x${index + 1}`], {}, { name: `add${index}` })),
    initializers: Array.from({ length: layers }, (_, index) => tensorFrom(`w${index}`, { type: 'float32', dims: [SIZE], data: Float32Array.from({ length: SIZE }, (__, at) => index * SIZE + at) })),
  }));
}

describe('saving models', () => {
  let folder = '';
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'decant-save-')); });
  afterEach(() => rm(folder, { recursive: true }));

  const open = async (path: string): Promise<Model> => readModel(await nodeFiles.open(path), nodeFiles);

  async function weights(model: Model): Promise<number[][]> {
    return Promise.all([...model.graph.initializers.values()].map(async (tensor) => Array.from((await readTensor(tensor)).data as Float32Array)));
  }

  function dataOf(model: Model, name: string): TensorData {
    const data = model.graph.initializers.get(name)?.data;
    assert.ok(data !== undefined && 'at' in data);
    return data;
  }

  it('writes one file where that can be', async () => {
    const path = join(folder, 'm.onnx');
    const saved = await saveModel(layered(2), path);
    assert.deepEqual(saved, { files: [path], bytes: (await readFile(path)).length, findings: [] });
    assert.equal(savedBytes(layered(2), path), saved.bytes);
  });

  it('moves the weights to a side file beyond the limit, and says so', async () => {
    const path = join(folder, 'm.onnx');
    const saved = await saveModel(layered(3), path, { limit: 20_000 });
    assert.deepEqual(saved.files, [path, `${path}.data`]);
    assert.equal(saved.bytes, (await readFile(path)).length + (await readFile(sideFilePath(path))).length);
    assert.equal(savedBytes(layered(3), path, 20_000), saved.bytes);
    assert.equal(saved.findings[0]?.code, 'finding.sideFile');
    const again = await open(path);
    assert.deepEqual(await weights(again), await weights(layered(3)));
    await releaseModel(again);
  });

  it('copies a side file as it is after an edit of the graph, with new weights behind it', async () => {
    const first = join(folder, 'first.onnx');
    await saveModel(layered(40), first, { limit: 1 });
    const model = await open(first);
    const [node] = model.graph.nodes;
    assert.ok(node);
    node.name = 'renamed';
    const renamed = join(folder, 'renamed.onnx');
    await saveModel(model, renamed, { limit: 1 });
    assert.deepEqual(await readFile(sideFilePath(renamed)), await readFile(sideFilePath(first)));

    model.graph.initializers.set('w3', tensorFrom('w3', { type: 'float32', dims: [SIZE], data: new Float32Array(SIZE).fill(7) }));
    const edited = join(folder, 'edited.onnx');
    await saveModel(model, edited, { limit: 1 });
    await releaseModel(model);
    const before = await readFile(sideFilePath(first));
    assert.deepEqual((await readFile(sideFilePath(edited))).subarray(0, before.length), before);
    const again = await open(edited);
    const expected = await weights(layered(40));
    expected[3] = Array<number>(SIZE).fill(7);
    assert.deepEqual(await weights(again), expected);
    assert.equal(again.graph.nodes[0]?.name, 'renamed');
    await releaseModel(again);
  });

  it('writes a side file anew when most of the old one is no longer used', async () => {
    const first = join(folder, 'first.onnx');
    await saveModel(layered(4), first, { limit: 1 });
    const model = await open(first);
    for (const name of ['w0', 'w1', 'w2']) model.graph.initializers.delete(name);
    const smaller = join(folder, 'smaller.onnx');
    await saveModel(model, smaller, { limit: 1 });
    assert.equal((await readFile(sideFilePath(smaller))).length, SIZE * 4);
    const again = await open(smaller);
    assert.deepEqual(await weights(again), [(await weights(layered(4)))[3]]);
    await releaseModel(again);
    await releaseModel(model);
  });

  it('takes the weights in again where one file will do', async () => {
    const split = join(folder, 'split.onnx');
    await saveModel(layered(2), split, { limit: 1 });
    const model = await open(split);
    const whole = join(folder, 'whole.onnx');
    assert.deepEqual((await saveModel(model, whole)).files, [whole]);
    await releaseModel(model);
    await rm(sideFilePath(split));
    const again = await open(whole);
    assert.deepEqual(await weights(again), await weights(layered(2)));
    await releaseModel(again);
  });

  it('writes nothing when either name is taken', async () => {
    for (const taken of ['a.onnx', 'b.onnx.data']) {
      const path = join(folder, `${taken.slice(0, 1)}.onnx`);
      await writeFile(join(folder, taken), 'precious');
      await assert.rejects(saveModel(layered(2), path, { limit: 1 }), (error: { code?: string; params?: { file?: string } }) => error.code === 'outputUnwritable' && error.params?.file === join(folder, taken));
      assert.equal(await readFile(join(folder, taken), 'utf8'), 'precious');
    }
    assert.deepEqual((await readdir(folder)).sort(), ['a.onnx', 'b.onnx.data']);
  });

  it('leaves nothing when it fails in the middle', async () => {
    const source = join(folder, 'source.onnx');
    await saveModel(layered(3), source, { limit: 1 });
    const model = await open(source);
    // The side file is cut short while it is in use.
    await writeFile(sideFilePath(source), new Uint8Array(SIZE));
    model.graph.initializers.delete('w0');
    await assert.rejects(saveModel(model, join(folder, 'target.onnx'), { limit: 1 }), { code: 'fileUnreadable' });
    await releaseModel(model);
    assert.deepEqual((await readdir(folder)).sort(), ['source.onnx', 'source.onnx.data']);
  });

  it('gives files their names only when all are written', async () => {
    await assert.rejects(writeTogether([
      { path: join(folder, 'one'), write: (sink) => sink.write(Uint8Array.of(1)) },
      { path: join(folder, 'two'), write: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) },
    ]), { code: 'diskFull' });
    assert.deepEqual(await readdir(folder), []);
  });

  it('copies any range of a file, in order, among other bytes', async () => {
    const bytes = Uint8Array.from({ length: 9_000_001 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
    await writeFile(join(folder, 'from'), bytes);
    const source = await FileSource.open(join(folder, 'from'));
    await writeAtomically(join(folder, 'to'), async (sink) => {
      assert.ok(sink.copyFrom !== undefined);
      await sink.copyFrom(source, 0, source.size);
      await sink.write(Uint8Array.of(1, 2, 3));
      await sink.copyFrom(source, 5, 8_500_000);
      await sink.copyFrom(source, 9_000_000, 1);
      await sink.copyFrom(source, 3, 0);
      await sink.write(Uint8Array.of(4));
    });
    await source.close();
    const expected = Buffer.concat([bytes, Uint8Array.of(1, 2, 3), bytes.subarray(5, 8_500_005), bytes.subarray(9_000_000), Uint8Array.of(4)]);
    assert.ok(expected.equals(await readFile(join(folder, 'to'))));
  });

  it('reads a model whose tensors each have a file of their own', async () => {
    const path = join(folder, 'm.onnx');
    const count = 300;
    for (let index = 0; index < count; index += 1) await writeFile(join(folder, `w${index}`), new Uint8Array(new Float32Array(SIZE).fill(index).buffer));
    const sources = await Promise.all(Array.from({ length: count }, (_, index) => nodeFiles.open(join(folder, `w${index}`))));
    const made = layered(count);
    const { message } = encodeMessages(made, (tensor) => ({ external: new Map([['location', tensor.name]]) }));
    await writeFile(path, toBinary(ModelProtoSchema, message));
    for (const source of sources) await source.close();
    const model = await open(path);
    assert.equal(model.sources.length, count + 1);
    for (const index of [0, 150, 299]) {
      const tensor = model.graph.initializers.get(`w${index}`);
      assert.ok(tensor);
      assert.equal((await readTensor(tensor)).data[17], index);
    }
    assert.ok('source' in dataOf(model, 'w0').at);
    await releaseModel(model);
  });

  it('numbers model, side file and report alike', async () => {
    const wanted = join(folder, 'a.int8.onnx');
    assert.equal(await freeOutput(wanted), wanted);
    await writeFile(join(folder, 'a.int8.report.json'), '');
    await writeFile(join(folder, 'a.int8-2.onnx.data'), '');
    assert.equal(await freeOutput(wanted), join(folder, 'a.int8-3.onnx'));
  });
});
