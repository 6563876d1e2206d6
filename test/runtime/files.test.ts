// Files: nothing is overwritten, nothing is left half written, external paths stay inside.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePath, nodeFiles, writeAtomically } from '../../src/runtime/files';

describe('files', () => {
  let folder = '';
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'decant-files-')); });
  afterEach(() => rm(folder, { recursive: true }));

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it('numbers a name that is taken', async () => {
    assert.equal(await freePath(join(folder, 'a.int8.onnx')), join(folder, 'a.int8.onnx'));
    await writeFile(join(folder, 'a.int8.onnx'), '');
    await writeFile(join(folder, 'a.int8-2.onnx'), '');
    assert.equal(await freePath(join(folder, 'a.int8.onnx')), join(folder, 'a.int8-3.onnx'));
  });

  it('never replaces an existing file', async () => {
    const path = join(folder, 'model.onnx');
    await writeFile(path, 'precious');
    await assert.rejects(writeAtomically(path, (sink) => sink.write(bytes('new'))), { code: 'outputUnwritable' });
    assert.equal(await readFile(path, 'utf8'), 'precious');
    assert.deepEqual(await readdir(folder), ['model.onnx']);
  });

  it('leaves nothing behind when writing fails in the middle', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await assert.rejects(writeAtomically(join(folder, 'model.onnx'), async (sink) => {
      await sink.write(bytes('half'));
      throw full;
    }), { code: 'diskFull' });
    assert.deepEqual(await readdir(folder), []);
  });

  it('says what is wrong with a path', async () => {
    await assert.rejects(nodeFiles.open(join(folder, 'none.onnx')), { code: 'fileNotFound' });
    await assert.rejects(nodeFiles.open(folder), { code: 'fileUnreadable' });
    await assert.rejects(writeAtomically(join(folder, 'none', 'model.onnx'), (sink) => sink.write(bytes('x'))), { code: 'outputUnwritable' });
  });

  it('reads ranges and refuses what is not there', async () => {
    await writeFile(join(folder, 'data'), 'abcdef');
    const source = await nodeFiles.open(join(folder, 'data'));
    assert.equal(new TextDecoder().decode(await source.read(2, 3)), 'cde');
    await assert.rejects(source.read(4, 3), { code: 'truncatedModel' });
    await source.close();
  });
});
