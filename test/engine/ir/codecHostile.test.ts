// Input that was made to break things: refused at its place within a second, or read and inspected as what it is. Never a
// crash, a hang, or bytes from outside the folder.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { mutate, randomFrom } from '../../../bench/core/fuzz/mutate';
import { seedModels } from '../../../bench/core/fuzz/seeds';
import { tryModel } from '../../../bench/core/fuzz/tryModel';
import { inspectModel } from '../../../src/engine/analysis/inspect';
import { EngineError } from '../../../src/engine/error';
import { int } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { encodeModel, readModel, releaseModel } from '../../../src/engine/ir/codec';
import type { Graph, Model, Node } from '../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import { nodeFiles } from '../../../src/runtime/files';
import { assetPath } from '../../support/assets';
import { memorySource } from '../../support/memorySource';

/** Issue 3. */
const LIMIT_MS = 1000;
/** Of the 100,000 of the benchmark. */
const FUZZ_CASES = 600;

/** IR version 10 and an import of opset 21, before a graph. */
const head = Uint8Array.of(0x08, 0x0a, 0x42, 0x04, 0x0a, 0x00, 0x10, 0x15);

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

/** A length-delimited field. */
function field(number: number, body: Uint8Array, length = body.length): Uint8Array {
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(length)]), body]);
}

function model(graph: Uint8Array): Uint8Array {
  return Buffer.concat([head, field(7, graph)]);
}

function nested(depth: number, inner: Uint8Array, wrap: (body: Uint8Array) => Uint8Array): Uint8Array {
  let body = inner;
  for (let level = 0; level < depth; level += 1) body = wrap(body);
  return body;
}

/** The refusal of these bytes, which must come within the limit. */
async function refusal(bytes: Uint8Array): Promise<EngineError> {
  const began = performance.now();
  const error: unknown = await readModel(memorySource(bytes)).then(() => undefined, (reason: unknown) => reason);
  assert.ok(performance.now() - began < LIMIT_MS, `took ${performance.now() - began} ms`);
  assert.ok(error instanceof EngineError, `not refused: ${String(error)}`);
  return error;
}

describe('codec, hostile input', () => {
  it('names the place of a length that is a lie', async () => {
    for (const length of [100, 2 ** 31, 2 ** 40, 2 ** 62]) {
      const error = await refusal(Buffer.concat([head, Uint8Array.from([0x3a, ...varint(length)]), new Uint8Array(50)]));
      assert.equal(error.code, 'truncatedModel');
      assert.equal(error.params['offset'], head.length + 1 + varint(length).length);
    }
    // Longer than the message around it, not than the file.
    const inner = await refusal(Buffer.concat([model(field(1, field(4, new Uint8Array(2)), 20)), new Uint8Array(50)]));
    assert.match(inner.message, /longer than what holds it/);
  });

  it('refuses nesting, fields in a wrong form and floods before it builds anything', async () => {
    const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
      ['graphs in graphs', model(nested(3000, new Uint8Array(0), (body) => field(1, field(5, field(6, body))))), /nested more than 100 deep/],
      ['types in types', model(field(11, Buffer.concat([field(1, Uint8Array.of(0x78)), field(2, nested(3000, new Uint8Array(0), (body) => field(4, field(1, body))))]))), /nested more than 100 deep/],
      ['groups', Buffer.concat([head, Uint8Array.of(0x3b)]), /wire type 3/],
      ['a graph as a number', Buffer.concat([head, Uint8Array.of(0x38, 0x01)]), /field 7 with the wire type 0/],
      ['field 0', Buffer.concat([head, Uint8Array.of(0x02, 0x00)]), /field with number 0/],
      ['a number of eleven bytes', Buffer.concat([head, Uint8Array.of(0x08), new Uint8Array(11).fill(0x80)]), /more than ten bytes/],
      ['our own marker', model(field(5, Uint8Array.from([0x10, 0x01, ...varint(524_287 * 8), 0x00]))), /reserved field/],
      ['nodes of nothing', model(new Uint8Array(5_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0x00))), /lacks its op_type/],
      ['tensors of nothing', model(new Uint8Array(5_000_000).map((_, index) => (index % 2 === 0 ? 0x2a : 0x00))), /lacks its data_type/],
      ['numbers without end', model(field(1, Buffer.concat([field(4, Uint8Array.of(0x41)), field(5, Buffer.concat([field(1, Uint8Array.of(0x61)), field(8, new Uint8Array(13_000_000))]))]))), /more than 6000000 fields/],
      ['a shape of a million dimensions', model(field(11, Buffer.concat([field(1, Uint8Array.of(0x78)), field(2, field(1, field(2, new Uint8Array(2_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0x00)))))]))), /more than 256 fields/],
      ['a node of a million inputs', model(field(1, Buffer.concat([field(4, Uint8Array.of(0x41)), new Uint8Array(2_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0x00))]))), /more than 32768 fields/],
    ];
    for (const [title, bytes, message] of cases) assert.match((await refusal(bytes)).message, message, title);
  });

  it('stays within 200 MB on a flood', () => {
    // In a process of its own, where the peak is its own.
    const program = `
      const { readModel } = require('./src/engine/ir/codec');
      const body = Buffer.alloc(100_000_000, Buffer.from([0x12, 0x00]));
      const bytes = Buffer.concat([Buffer.from([0x08, 0x0a, 0x42, 0x04, 0x0a, 0x00, 0x10, 0x15]), body]);
      const before = process.memoryUsage.rss();
      readModel({ name: 'flood', size: bytes.length, read: async (from, length) => bytes.subarray(from, from + length), close: async () => {} })
        .then(() => console.log('accepted'), (error) => console.log(error.code, process.resourceUsage().maxRSS * 1024 - before));`;
    const [code, grown] = execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], { encoding: 'utf8' }).trim().split(' ');
    assert.equal(code, 'modelTooComplex');
    assert.ok(Number(grown) < 200e6, `${grown} bytes`);
  }).timeout(20_000);

  describe('external data', () => {
    let folder = '';
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'decant-hostile-'));
      await mkdir(join(folder, 'inner', 'sub'), { recursive: true });
      await writeFile(join(folder, 'secret'), new Uint8Array(64));
      await writeFile(join(folder, 'inner', 'sub', 'data'), Uint8Array.from({ length: 64 }, (_, index) => index));
      await symlink(join(folder, 'secret'), join(folder, 'inner', 'link'));
      await symlink(folder, join(folder, 'inner', 'up'));
      await symlink('sub', join(folder, 'inner', 'within'));
    });
    after(() => rm(folder, { recursive: true }));

    async function open(entries: Readonly<Record<string, string>>): Promise<Model> {
      const message = create(pb.ModelProtoSchema, {
        irVersion: 10n, opsetImport: [{ version: 21n }],
        graph: create(pb.GraphProtoSchema, { initializer: [create(pb.TensorProtoSchema, {
          name: 'w', dataType: 1, dims: [4n], dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        })] }),
      });
      const path = join(folder, 'inner', 'm.onnx');
      await writeFile(path, toBinary(pb.ModelProtoSchema, message));
      return readModel(await nodeFiles.open(path), nodeFiles);
    }

    it('never comes from outside the folder', async () => {
      const outside = [
        '../secret', 'sub/../../secret', './../secret', '..', '../inner/../secret', join(folder, 'secret'), '/etc/passwd', 'link', 'up/secret', 'up/inner/../secret',
        '..\\secret', 'sub\\..\\..\\secret', 'C:\\secret', 'c:secret', 'C:/secret', '\\\\server\\share\\secret', '\\secret', '', 'sub/data\0.txt', '../secret\0', '../missing',
      ];
      for (const location of outside) await assert.rejects(open({ location }), { code: 'externalDataOutside' }, JSON.stringify(location));
      await assert.rejects(open({ location: 'missing' }), { code: 'externalDataMissing' });
      await assert.rejects(open({ location: 'sub' }), { code: 'fileUnreadable' });
      await assert.rejects(open({ location: 'sub/data/more' }), { code: 'externalDataMissing' });
      await assert.rejects(open({}), { code: 'externalDataOutside' });
    });

    it('does not wait for a pipe', async function () {
      if (process.platform === 'win32') return this.skip();
      execFileSync('mkfifo', [join(folder, 'inner', 'pipe')]);
      await assert.rejects(open({ location: 'pipe' }), { code: 'fileUnreadable' });
    });

    it('is read from within, by links and by the separators of Windows too', async () => {
      for (const location of ['sub/data', './sub/data', 'sub/../sub/data', 'within/data', 'sub\\data']) {
        const opened = await open({ location, offset: '4', length: '16' });
        const tensor = opened.graph.initializers.get('w');
        assert.ok(tensor);
        const { data } = await readTensor(tensor);
        assert.deepEqual([...new Uint8Array((data as Float32Array).buffer, 0, 4)], [4, 5, 6, 7], location);
        await releaseModel(opened);
      }
    });

    it('has offsets and lengths that the file has', async () => {
      const location = 'sub/data';
      for (const entries of [{ offset: '60' }, { offset: '-4' }, { offset: '1e3' }, { offset: '0x10' }, { offset: '99999999999999999999' }, { offset: ' 4' }, { length: '65' }, { length: '-16' }, { offset: '64', length: '1' }, { length: 'NaN' }]) {
        await assert.rejects(open({ location, ...entries }), { code: 'externalDataShort' }, JSON.stringify(entries));
      }
      await assert.rejects(open({ location, length: '12' }), { code: 'tensorSizeMismatch' });
      // Without a length, shape and type say it.
      await releaseModel(await open({ location, offset: '48' }));
    });
  });

  describe('what inspection survives', () => {
    const x = makeValue('x', 'float32', ['N', 8]);
    const y = (name = 'y') => makeValue(name, 'float32', null);
    const w = tensorFrom('w', { type: 'float32', dims: [8], data: new Float32Array(8) });

    async function inspected(made: Model, limitMs = LIMIT_MS): Promise<number> {
      const began = performance.now();
      const read = await readModel(memorySource(await encodeModel(made)));
      const report = await inspectModel(read, { path: 'made.onnx', bytes: 0 });
      const ms = performance.now() - began;
      assert.ok(ms < limitMs, `took ${ms.toFixed(0)} ms`);
      return report.totals.nodes;
    }

    const chain = (length: number, node: (from: string, to: string, index: number) => Node): Model => makeModel(makeGraph({
      inputs: [x], outputs: [y(`t${length}`)], initializers: [w], nodes: Array.from({ length }, (_, index) => node(index === 0 ? 'x' : `t${index}`, `t${index + 1}`, index)),
    }));

    it('long chains, in any order and of constants', async () => {
      // Generous: what is wanted is that it ends, and not in the square of the length.
      const limit = 20_000;
      assert.equal(await inspected(chain(20_000, (from, to) => makeNode('Relu', [from], [to])), limit), 20_000);
      const reversed = chain(20_000, (from, to) => makeNode('Add', [from, 'w'], [to]));
      reversed.graph.nodes.reverse();
      await inspected(reversed, limit);
      await inspected(chain(20_000, (from, to, index) => makeNode('Identity', [index === 0 ? 'w' : from], [to])), limit);
    }).timeout(60_000);

    it('doubling: constants, calls, branches and loops in themselves', async () => {
      await inspected(chain(64, (from, to, index) => makeNode('Add', index === 0 ? ['w', 'w'] : [from, from], [to])));
      await inspected(chain(64, (from, to) => makeNode('Concat', [from, from], [to], { axis: int(0) })));
      const calls = makeModel(makeGraph({ inputs: [x], outputs: [y()], nodes: [makeNode('F0', ['x'], ['y'], {}, { domain: 'me' })] }), { '': 21, me: 1 });
      calls.functions = Array.from({ length: 31 }, (_, index) => ({
        name: `F${index}`, domain: 'me', overload: '', inputs: ['a'], outputs: ['b'], attributes: [], attributeDefaults: new Map(),
        nodes: index === 30 ? [makeNode('Relu', ['a'], ['b'])]
          : [makeNode(`F${index + 1}`, ['a'], ['m'], {}, { domain: 'me' }), makeNode(`F${index + 1}`, ['m'], ['b'], {}, { domain: 'me' })],
        opsets: new Map([['', 21], ['me', 1]]), valueInfo: new Map(), docString: '', metadata: new Map(),
      }));
      await inspected(calls, 3 * LIMIT_MS);
      const loops = (depth: number): Graph => makeGraph({
        inputs: [makeValue(`i${depth}`, 'int64', []), makeValue(`c${depth}`, 'bool', []), makeValue(`s${depth}`, 'float32', null)],
        outputs: [makeValue(`c${depth}`, 'bool', []), y(`o${depth}`)],
        nodes: [depth === 0 ? makeNode('Concat', ['s0', 'x'], ['o0'], { axis: int(0) })
          : makeNode('Loop', ['trips', `c${depth}`, `s${depth}`], [`o${depth}`], { body: { kind: 'graph', value: loops(depth - 1) } })],
      });
      await inspected(makeModel(makeGraph({
        inputs: [x, makeValue('trips', 'int64', []), makeValue('go', 'bool', [])], outputs: [y()],
        nodes: [makeNode('Loop', ['trips', 'go', 'x'], ['y'], { body: { kind: 'graph', value: loops(20) } })],
      })), 3 * LIMIT_MS);
    }).timeout(20_000);

    it('cycles, and names that JavaScript knows', async () => {
      await assert.rejects(inspected(makeModel(makeGraph({ inputs: [x], outputs: [y()], nodes: [makeNode('Add', ['x', 'b'], ['a']), makeNode('Relu', ['a'], ['b']), makeNode('Relu', ['b'], ['y'])] }))), { code: 'invalidGraph' });
      const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];
      for (const domain of ['', 'com.microsoft', ...names]) {
        await inspected(makeModel(makeGraph({
          inputs: [makeValue('constructor', 'float32', ['constructor', '__proto__', null])], outputs: [y('__proto__')], initializers: [w],
          nodes: [...names.map((name, index) => makeNode(name, [names[index - 1]?.concat('T') ?? 'constructor', 'w', 'w'], [`${name}T`], { [name]: int(1) }, { domain, name })), makeNode('Relu', ['valueOfT'], ['__proto__'])],
        }), { '': 21, [domain]: 1 }));
      }
    });

    it('sizes that no machine has', async () => {
      const huge = 2 ** 52;
      await inspected(makeModel(makeGraph({
        inputs: [makeValue('x', 'float32', [huge, huge, huge]), makeValue('s', 'int64', [huge])], outputs: [y()],
        nodes: [makeNode('Flatten', ['x'], ['a']), makeNode('MatMul', ['x', 'x'], ['b']), makeNode('Reshape', ['x', 's'], ['c']), makeNode('Expand', ['x', 's'], ['d']), makeNode('ConstantOfShape', ['s'], ['e']), makeNode('Sum', ['a', 'b', 'c', 'd', 'e'], ['y'])],
      })));
    });

    it(`${FUZZ_CASES} damaged models`, async () => {
      const seeds = seedModels(assetPath('.'));
      for (let index = 0; index < FUZZ_CASES; index += 1) {
        const random = randomFrom(index);
        const read = (at: number): Uint8Array => new Uint8Array(readFileSync(seeds[at % seeds.length] ?? ''));
        const bytes = mutate(read(index), read(Math.floor(random() * seeds.length)), random);
        const began = performance.now();
        const { kind, detail } = await tryModel(bytes);
        assert.notEqual(kind, 'crashed', `case ${index}: ${detail}`);
        assert.ok(performance.now() - began < LIMIT_MS, `case ${index} took ${performance.now() - began} ms`);
      }
    }).timeout(30_000);
  });
});
