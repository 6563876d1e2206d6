// The codec: every real model comes back field by field, weights stay on disk, bad input is refused with its place.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry, equals, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { file_onnx, ModelProtoSchema } from 'onnx-buf';
import { EngineError } from '../../../src/engine/error';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { encodedLength, encodeModel, readModel, releaseModel } from '../../../src/engine/ir/codec';
import { planSideFile } from '../../../src/engine/ir/sideFile';
import { readNumbers, readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import type { ByteSource } from '../../../src/engine/ports';
import { nodeFiles, writeAtomically } from '../../../src/runtime/files';
import { assetPath, withAssets } from '../../support/assets';
import { memorySource } from '../../support/memorySource';

/** Where Debian's libonnx-testdata puts its operator models. */
const TESTDATA = '/usr/share/libonnx-testdata/data';

/** Tells extensions from unknown fields; onnx.proto has no extensions. */
const registry = createRegistry(file_onnx);

async function roundTrip(path: string): Promise<void> {
  const source = await nodeFiles.open(path);
  const model = await readModel(source, nodeFiles);
  const written = await encodeModel(model);
  await releaseModel(model);
  const before = fromBinary(ModelProtoSchema, new Uint8Array(await readFile(path)));
  const after = fromBinary(ModelProtoSchema, written);
  assert.ok(equals(ModelProtoSchema, before, after, { registry, unknown: true }), `${path} changed`);
}

async function refusal(bytes: Uint8Array): Promise<EngineError> {
  try {
    await readModel(memorySource(bytes));
  } catch (error) {
    assert.ok(error instanceof EngineError, `not an EngineError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'the model was accepted' });
}

const small = (): Promise<Uint8Array> => encodeModel(makeModel(makeGraph({
  nodes: [makeNode('Add', ['x', 'w'], ['y'])],
  inputs: [makeValue('x', 'float32', ['N', 300])],
  outputs: [makeValue('y', 'float32', ['N', 300])],
  initializers: [tensorFrom('w', { type: 'float32', dims: [300], data: Float32Array.from({ length: 300 }, (_, index) => index) })],
})));

describe('codec', () => {
  withAssets('on real models', () => {
    it('gives every asset model back field by field', async () => {
      for (const folder of ['models', 'topologies']) {
        for (const name of readdirSync(assetPath(folder))) await roundTrip(join(assetPath(folder), name));
      }
    });

    it('leaves large weights on disk until they are asked for', async () => {
      const source = await nodeFiles.open(assetPath('models/fashion-resnet18.onnx'));
      let read = 0;
      const counting: ByteSource = {
        name: source.name,
        size: source.size,
        read(offset, length) {
          read += length;
          return source.read(offset, length);
        },
        close: () => source.close(),
      };
      const model = await readModel(counting, nodeFiles);
      assert.ok(read < source.size / 2, `${read} of ${source.size} bytes were read`);
      const size = (tensor: { readonly dims: readonly number[] }): number => tensor.dims.reduce((x, y) => x * y, 1);
      const largest = [...model.graph.initializers.values()].reduce((a, b) => (size(a) > size(b) ? a : b));
      const before = read;
      const { data } = await readTensor(largest);
      assert.equal(read - before, data.length * 4);
      await releaseModel(model);
    });
  });

  it('gives the operator models of libonnx-testdata back', async function () {
    if (!existsSync(TESTDATA)) {
      console.warn(`SKIPPED: ${TESTDATA} is absent (apt-get install libonnx-testdata)`);
      return this.skip();
    }
    this.timeout(60_000);
    const models: string[] = [];
    const visit = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) visit(join(folder, entry.name));
        else if (entry.name === 'model.onnx') models.push(join(folder, entry.name));
      }
    };
    visit(TESTDATA);
    assert.ok(models.length > 1000, `${models.length} models`);
    for (const path of models) await roundTrip(path);
  });

  it('knows the length before it writes', async () => {
    const model = await readModel(memorySource(await small()));
    assert.equal(encodedLength(model), (await encodeModel(model)).length);
  });

  it('moves weights to a side file and reads them back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'decant-'));
    const model = await readModel(memorySource(await small()));
    const plan = planSideFile(model, 'small.onnx.data');
    await writeAtomically(join(folder, 'small.onnx.data'), (sink) => plan.writeData(sink));
    await writeAtomically(join(folder, 'small.onnx'), (sink) => plan.writeGraph(sink));
    const again = await readModel(await nodeFiles.open(join(folder, 'small.onnx')), nodeFiles);
    const weights = again.graph.initializers.get('w');
    assert.ok(weights && !('strings' in weights.data) && 'external' in weights.data.at);
    assert.deepEqual((await readNumbers(weights)).slice(0, 3), [0, 1, 2]);
    await releaseModel(again);
    await rm(folder, { recursive: true });
  });

  it('says what a file is that is no model', async () => {
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    assert.equal((await refusal(new Uint8Array(0))).code, 'emptyFile');
    assert.equal((await refusal(text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n'))).code, 'gitLfsPointer');
    assert.equal((await refusal(text('{"a": 1}'))).params['found'], 'found.json');
    assert.equal((await refusal(text('<!DOCTYPE html><html>'))).params['found'], 'found.html');
    assert.equal((await refusal(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0))).params['found'], 'found.zip');
    assert.match((await refusal(text('hello'))).message, /is a text file/);
  });

  it('refuses every truncation with a place', async () => {
    const bytes = await small();
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 1 }), async (length) => {
      const error = await refusal(bytes.subarray(0, length));
      assert.ok(['truncatedModel', 'corruptModel', 'notOnnx', 'tensorSizeMismatch'].includes(error.code), error.code);
    }));
  });

  it('never crashes on mutated bytes', async () => {
    const bytes = await small();
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (changes) => {
      const mutated = bytes.slice();
      for (const [at, value] of changes) mutated[at] = value;
      try {
        await encodeModel(await readModel(memorySource(mutated)));
      } catch (error) {
        assert.ok(error instanceof EngineError, String(error));
      }
    }), { numRuns: 500 });
  });
});
