// Every format, made tiny on the spot, good and bad: what is read, and what a person is told.

import assert from 'node:assert/strict';
import { gzipSync } from 'fflate';
import type { Batch, Dataset } from '../../../src/engine/data/dataset';
import type { Wanted } from '../../../src/engine/data/fill';
import { openDataset } from '../../../src/engine/data/open';
import { type Files, bmp, memoryFiles, npy, portsOf, refused, wantedInput, wav, zip } from './support';
import { nodeDecoders } from '../../../src/runtime/decoders';

const pair = wantedInput(['N', 2]);

function describedBy(description: object, files: Files): Files {
  return { ...files, '/d/data.json': JSON.stringify({ version: 1, ...description }) };
}

async function open(files: Files, wanted: Wanted = pair, path = '/d/data.json'): Promise<Dataset> {
  return openDataset(path, wanted, portsOf(files));
}

async function all(data: Dataset, split = 'test'): Promise<Batch> {
  const found = data.splits.get(split);
  if (found === undefined) throw new Error(`no split ${split}`);
  return found.read(0, found.size);
}

function values(batch: Batch, input = 'input'): unknown[] {
  return Array.from<unknown>(batch.inputs[input]?.data ?? []);
}

const x = Float32Array.of(1, 2, 3, 4, 5, 6);
const y = BigInt64Array.of(0n, 1n, 2n);

describe('data formats', () => {
  describe('npz', () => {
    const splits = { test: { inputs: 'x', labels: 'y' } };
    for (const level of [0, 6] as const) {
      it(`reads arrays that are ${level === 0 ? 'stored' : 'compressed'}`, async () => {
        const data = await open(describedBy({ format: 'npz', path: 'a.npz', splits }, {
          '/d/a.npz': zip({ 'x.npy': npy('<f4', [3, 2], x), 'y.npy': npy('<i8', [3], y) }, level),
        }));
        const batch = await all(data);
        assert.deepEqual(batch.inputs['input']?.dims, [3, 2]);
        assert.deepEqual(values(batch), [1, 2, 3, 4, 5, 6]);
        assert.deepEqual(batch.labels, [0, 1, 2]);
        assert.deepEqual(data.files, ['/d/data.json', '/d/a.npz']);
      });
    }

    it('gathers in the order asked for, and numbers the samples', async () => {
      const data = await open(describedBy({ format: 'npz', path: 'a.npz', splits: { test: { ...splits.test, take: [1, 3] } } }, {
        '/d/a.npz': zip({ 'x.npy': npy('<f4', [3, 2], x), 'y.npy': npy('<i8', [3], y) }),
      }));
      const batch = await data.splits.get('test')?.gather([1, 0, 1]);
      assert.deepEqual(values(batch as Batch), [5, 6, 3, 4, 5, 6]);
      assert.deepEqual(batch?.labels, [2, 1, 2]);
      assert.deepEqual(batch?.indices, [1, 0, 1]);
    });

    it('reads a stored array by range, not whole', async () => {
      const large = new Float32Array(2_000_000);
      const files = memoryFiles(describedBy({ format: 'npz', path: 'a.npz', splits: { test: { inputs: 'x' } } }, {
        '/d/a.npz': zip({ 'x.npy': npy('<f4', [1_000_000, 2], large) }, 0),
      }));
      const data = await openDataset('/d/data.json', pair, { files, decoders: nodeDecoders });
      await data.splits.get('test')?.read(10, 20);
      assert.ok(files.bytesRead() < 200_000, `${files.bytesRead()} bytes were read`);
      await data.close();
      assert.equal(files.left(), 0, 'files are left open');
    });

    it('recognises x_train, y_train, x_test, y_test without a description', async () => {
      const data = await open({
        '/d/k.npz': zip({ 'x_train.npy': npy('<f4', [1, 2], x.subarray(0, 2)), 'y_train.npy': npy('<i8', [1], y.subarray(0, 1)), 'x_test.npy': npy('<f4', [3, 2], x), 'y_test.npy': npy('<i8', [3], y) }),
      }, pair, '/d/k.npz');
      assert.deepEqual([...data.splits.keys()], ['train', 'test']);
      assert.equal(data.shared, false);
      assert.deepEqual((await all(data)).labels, [0, 1, 2]);
    });

    it('uses the only array as train and as test, and says so', async () => {
      const data = await open({ '/d/k.npz': zip({ 'a.npy': npy('<f4', [3, 2], x) }) }, pair, '/d/k.npz');
      assert.equal(data.shared, true);
      assert.equal(data.splits.get('train')?.size, 3);
      assert.equal(data.splits.get('test')?.labelled, false);
    });

    it('refuses a name that is not there, and lists those that are', async () => {
      const error = await refused(open(describedBy({ format: 'npz', path: 'a.npz', splits: { test: { inputs: 'X' } } }, { '/d/a.npz': zip({ 'x.npy': npy('<f4', [3, 2], x), 'y.npy': npy('<i8', [3], y) }) })));
      assert.equal(error.code, 'dataDescription');
      assert.match(error.message, /splits\.test\.inputs: there is no "X" in the data\. Allowed: "x", "y"/);
    });

    it('refuses labels of another length', async () => {
      const error = await refused(open(describedBy({ format: 'npz', path: 'a.npz', splits }, { '/d/a.npz': zip({ 'x.npy': npy('<f4', [3, 2], x), 'y.npy': npy('<i8', [2], y.subarray(0, 2)) }) })));
      assert.match(error.message, /splits\.test\.labels: 3 inputs, but 2 labels/);
    });

    it('refuses a range beyond the data', async () => {
      const error = await refused(open(describedBy({ format: 'npz', path: 'a.npz', splits: { test: { inputs: 'x', take: [0, 4] } } }, { '/d/a.npz': zip({ 'x.npy': npy('<f4', [3, 2], x) }) })));
      assert.match(error.message, /\[0, 4\] reaches beyond the 3 samples/);
    });

    it('refuses a file cut short, and leaves nothing open', async () => {
      const whole = zip({ 'x.npy': npy('<f4', [3, 2], x) });
      const files = memoryFiles(describedBy({ format: 'npz', path: 'a.npz', splits: { test: { inputs: 'x' } } }, { '/d/a.npz': whole.subarray(0, whole.length - 30) }));
      const error = await refused(openDataset('/d/data.json', pair, { files, decoders: nodeDecoders }));
      assert.equal(error.code, 'dataUnreadable');
      assert.match(error.message, /a\.npz cannot be read as zip/);
      assert.equal(files.left(), 0, 'files are left open');
    });
  });

  describe('npy', () => {
    const splits = { test: { inputs: 'x.npy', labels: 'y.npy' } };

    it('reads big-endian numbers and labels of shape [n, 1]', async () => {
      const swapped = new Uint8Array(x.buffer.slice(0));
      for (let at = 0; at < swapped.length; at += 4) swapped.subarray(at, at + 4).reverse();
      const data = await open(describedBy({ format: 'npy', splits }, { '/d/x.npy': npy('>f4', [3, 2], swapped), '/d/y.npy': npy('<i8', [3, 1], y) }));
      const batch = await all(data);
      assert.deepEqual(values(batch), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(batch.labels, [0, 1, 2]);
    });

    it('gives labels of shape [n, k] as lists', async () => {
      const data = await open(describedBy({ format: 'npy', splits }, { '/d/x.npy': npy('<f4', [3, 2], x), '/d/y.npy': npy('<f4', [3, 2], x) }));
      assert.deepEqual((await all(data)).labels, [[1, 2], [3, 4], [5, 6]]);
    });

    const bad: readonly [string, Uint8Array, RegExp][] = [
      ['Fortran order', npy('<f4', [3, 2], x, true), /Fortran order/],
      ['texts', npy('<U4', [3], new Uint8Array(48)), /element type <U4 is not a number/],
      ['missing values', npy('<f4', [3, 2], x.subarray(0, 4)), /it ends after \d+ of \d+ bytes/],
      ['something else', new Uint8Array(64), /does not begin with/],
      ['an empty file', new Uint8Array(0), /does not begin with/],
    ];
    for (const [title, bytes, says] of bad) {
      it(`refuses ${title}`, async () => {
        const error = await refused(open({ '/d/x.npy': bytes }, pair, '/d/x.npy'));
        assert.equal(error.code, 'dataUnreadable');
        assert.match(error.message, says);
      });
    }
  });

  describe('idx', () => {
    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40);
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
    const splits = { test: { inputs: 'i', labels: 'l' } };

    it('reads plain files and .gz', async () => {
      for (const pack of [(bytes: Uint8Array) => bytes, (bytes: Uint8Array) => gzipSync(bytes)]) {
        const data = await open(describedBy({ format: 'idx', splits }, { '/d/i': pack(images), '/d/l': pack(labels) }));
        const batch = await all(data);
        assert.deepEqual(values(batch), [10, 20, 30, 40]);
        assert.deepEqual(batch.labels, [7, 9]);
      }
    });

    it("recognises MNIST's folder", async () => {
      const data = await open({
        '/d/train-images-idx3-ubyte': images, '/d/train-labels-idx1-ubyte': labels,
        '/d/t10k-images-idx3-ubyte.gz': gzipSync(images), '/d/t10k-labels-idx1-ubyte.gz': gzipSync(labels),
      }, pair, '/d');
      assert.deepEqual([...data.splits.keys()].sort(), ['test', 'train']);
      assert.deepEqual((await all(data)).labels, [7, 9]);
    });

    it('refuses a file cut short and one that is none', async () => {
      assert.match((await refused(open(describedBy({ format: 'idx', splits }, { '/d/i': images.subarray(0, 18), '/d/l': labels })))).message, /ends after 18 of 20 bytes/);
      assert.match((await refused(open(describedBy({ format: 'idx', splits }, { '/d/i': Uint8Array.of(1, 2, 3, 4), '/d/l': labels })))).message, /does not begin as an idx file/);
    });
  });

  describe('raw', () => {
    const described = { format: 'raw', dtype: 'f32', shape: [2], splits: { test: { inputs: 'x.bin', labels: 'y.bin' } } };

    it('reads samples and byte labels', async () => {
      const data = await open(describedBy(described, { '/d/x.bin': new Uint8Array(x.buffer), '/d/y.bin': Uint8Array.of(3, 4, 5) }));
      assert.deepEqual(values(await all(data)), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual((await all(data)).labels, [3, 4, 5]);
    });

    it('refuses what is no whole number of samples, and a missing shape or type', async () => {
      const files = { '/d/x.bin': new Uint8Array(20), '/d/y.bin': new Uint8Array(3) };
      assert.match((await refused(open(describedBy(described, files)))).message, /20 bytes are not a whole number of samples of 8/);
      assert.match((await refused(open(describedBy({ ...described, shape: undefined }, files)))).message, /at shape: "shape" is missing/);
      assert.match((await refused(open(describedBy({ ...described, dtype: undefined }, files)))).message, /at dtype: "dtype" is missing.*u8, f32/);
    });
  });

  describe('imageFolder', () => {
    const wanted = wantedInput(['N', 3, 1, 2]);
    const red = bmp(2, [[255, 0, 0], [255, 0, 0]]);
    const blue = bmp(2, [[0, 0, 255], [0, 0, 255]]);
    const folder = { '/d/train/a/1.bmp': red, '/d/train/b/1.bmp': blue, '/d/test/b/1.bmp': blue, '/d/test/a/.hidden.bmp': red, '/d/test/a/2.bmp': red };

    it('recognises train and test with a folder a class', async () => {
      const data = await open(folder, wanted, '/d');
      assert.deepEqual([...data.splits.keys()].sort(), ['test', 'train']);
      assert.deepEqual(data.classes, ['a', 'b']);
      const batch = await all(data);
      assert.deepEqual(values(batch), [255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);
      assert.deepEqual(batch.labels, [0, 1]);
    });

    it('reads the same from a zip archive', async () => {
      const entries = Object.fromEntries(Object.entries(folder).map(([path, bytes]) => [path.slice(3), bytes]));
      const data = await open({ '/d.zip': zip(entries) }, wanted, '/d.zip');
      assert.deepEqual((await all(data)).labels, [0, 1]);
    });

    it('takes images without class folders as samples without labels', async () => {
      const data = await open({ '/d/1.bmp': red, '/d/2.bmp': blue }, wanted, '/d');
      assert.equal(data.splits.get('test')?.labelled, false);
      assert.equal(data.shared, true);
    });

    it('takes the order of classes from the description', async () => {
      const data = await open(describedBy({ format: 'imageFolder', path: '.', splits: { test: { folder: 'test' } }, classes: ['b', 'a'] }, folder), wanted);
      assert.deepEqual((await all(data)).labels, [1, 0]);
    });

    it('refuses a folder that is not among the classes', async () => {
      const error = await refused(open(describedBy({ format: 'imageFolder', path: '.', splits: { test: { folder: 'test' } }, classes: ['a', 'c'] }, folder), wanted));
      assert.match(error.message, /classes: "b" is not among the classes/);
    });

    it('refuses an empty folder and shows what to do', async () => {
      const error = await refused(open({ '/d/.keep': '' }, wanted, '/d'));
      assert.equal(error.code, 'emptyFolder');
      assert.match(error.message, /one sub-folder a class[\s\S]*"format": "imageFolder"/);
    });

    it('refuses a folder of other things and shows the JSON to write', async () => {
      const error = await refused(open({ '/d/notes.txt': 'hello' }, wanted, '/d'));
      assert.equal(error.code, 'dataNotRecognised');
      assert.match(error.message, /"version": 1/);
    });

    it('refuses an image that is damaged, naming it', async () => {
      const error = await refused(open({ '/d/a/1.bmp': red.subarray(0, 40) }, wanted, '/d'));
      assert.equal(error.code, 'dataUnreadable');
      assert.match(error.message, /\/d\/a\/1\.bmp cannot be read as BMP: its header is cut off/);
    });

    it('refuses an image of another size with both shapes', async () => {
      const error = await refused(open({ '/d/a/1.bmp': red }, wantedInput(['N', 3, 8, 8]), '/d'));
      assert.equal(error.code, 'dataShapeMismatch');
      assert.match(error.message, /shape \[3, 1, 2\], but input "input" wants \[3, 8, 8\]/);
    });

    it('refuses data that are not there', async () => {
      assert.equal((await refused(open({}, wanted, '/none'))).code, 'fileNotFound');
    });
  });

  describe('csv and tsv', () => {
    it('reads columns by name, quotes and all', async () => {
      const csv = 'a,"b ""x""",c,label\r\n1,2,"x,\ny",cat\r\n3,4,z,dog\r\n\r\n';
      const data = await open(describedBy({ format: 'csv', path: 't.csv', splits: { test: { inputs: ['a', 'b "x"'], labels: 'label' } }, classes: ['dog', 'cat'] }, { '/d/t.csv': csv }));
      const batch = await all(data);
      assert.deepEqual(values(batch), [1, 2, 3, 4]);
      assert.deepEqual(batch.labels, [1, 0]);
    });

    it('reads columns by index without a header', async () => {
      const data = await open(describedBy({ format: 'tsv', path: 't.tsv', header: false, splits: { test: { inputs: [1, 2], labels: 0 } } }, { '/d/t.tsv': '7\t1\t2\n8\t3\t4' }));
      assert.deepEqual(values(await all(data)), [1, 2, 3, 4]);
      assert.deepEqual((await all(data)).labels, [7, 8]);
    });

    it('takes all but the label where no inputs are named', async () => {
      const data = await open(describedBy({ format: 'csv', path: 't.csv', splits: { test: { labels: 'y' } } }, { '/d/t.csv': 'p,y,q\n1,9,2\n' }));
      assert.deepEqual(values(await all(data)), [1, 2]);
    });

    const described = { format: 'csv', path: 't.csv', splits: { test: { inputs: ['a', 'b'] } } };
    const bad: readonly [string, string, RegExp][] = [
      ['a word where a number is wanted', 'a,b\n1,2\n3,four\n', /row 1: "four" is not a number/],
      ['an empty cell', 'a,b\n1,\n', /row 0: "" is not a number/],
      ['a short row', 'a,b\n1,2\n3\n', /row 1 has 1 columns, the first has 2/],
      ['a column that is not there', 'a,c\n1,2\n', /there is no "b" in the data\. Allowed: "a", "c"/],
      ['an empty file', '', /it has no rows/],
    ];
    for (const [title, csv, says] of bad) {
      it(`refuses ${title}`, async () => {
        const error = await refused(open(describedBy(described, { '/d/t.csv': csv })).then(all));
        assert.match(error.message, says);
      });
    }

    it('shows the JSON to write for a csv alone', async () => {
      const error = await refused(open({ '/d/t.csv': 'p,q,label\n1,2,3\n' }, pair, '/d/t.csv'));
      assert.equal(error.code, 'dataNotRecognised');
      assert.match(error.message, /"inputs": \[\s*"p",\s*"q"\s*\],\s*"labels": "label"/);
    });
  });

  describe('jsonl', () => {
    const described = { format: 'jsonl', path: 't.jsonl', splits: { test: { inputs: 'x', labels: 'y' } } };

    it('reads lists and labels', async () => {
      const data = await open(describedBy(described, { '/d/t.jsonl': '{"x":[1,2],"y":0}\n{"x":[3,4],"y":1}\n' }));
      assert.deepEqual(values(await all(data)), [1, 2, 3, 4]);
      assert.deepEqual((await all(data)).labels, [0, 1]);
    });

    it('reads nested lists as shapes', async () => {
      const data = await open(describedBy(described, { '/d/t.jsonl': '{"x":[[1,2],[3,4]],"y":0}' }), wantedInput(['N', 2, 2]));
      assert.deepEqual((await all(data)).inputs['input']?.dims, [1, 2, 2]);
    });

    it('refuses a broken line, a missing key and ragged lists, naming the row', async () => {
      const read = (text: string): Promise<Batch> => open(describedBy(described, { '/d/t.jsonl': text })).then(all);
      assert.match((await refused(read('{"x":[1,2],"y":0}\n{"x":'))).message, /row 1: /);
      assert.match((await refused(read('{"x":[1,2],"y":0}\n{"y":0}'))).message, /row 1 has no "x"/);
      assert.match((await refused(read('{"x":[[1,2],[3]],"y":0}'))).message, /row 0: its lists have different lengths/);
    });
  });

  describe('parquet', () => {
    const hub = { huggingface: JSON.stringify({ info: { features: { label: { names: ['no', 'yes'] } } } }) };
    const columns: Readonly<Record<string, readonly unknown[]>> = {
      image: [{ bytes: bmp(1, [[1, 2, 3]]), path: null }, { bytes: bmp(1, [[4, 5, 6]]), path: null }], text: ['a', 'b'], label: [1n, 0n], v: [[1, 2], [3, 4]],
    };
    const openStub = (description: object | undefined, wanted: Wanted): Promise<Dataset> => {
      const table = {
        columns: Object.keys(columns), rows: 2, metadata: hub,
        read: (column: string, start: number, end: number) => Promise.resolve((columns[column] ?? []).slice(start, end)),
      };
      const files = memoryFiles(describedBy(description ?? {}, { '/d/t.parquet': 'PAR1' }));
      return openDataset(description === undefined ? '/d/t.parquet' : '/d/data.json', wanted, { files, decoders: { ...nodeDecoders, parquet: () => Promise.resolve(table) } });
    };

    it("recognises the hub's images and labels, and the names of the classes", async () => {
      const data = await openStub(undefined, wantedInput(['N', 3, 1, 1]));
      assert.deepEqual(data.classes, ['no', 'yes']);
      assert.deepEqual(values(await all(data)), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual((await all(data)).labels, [1, 0]);
    });

    it('reads lists of numbers', async () => {
      const data = await openStub({ format: 'parquet', path: 't.parquet', splits: { test: { inputs: 'v', labels: 'label' } } }, pair);
      assert.deepEqual(values(await all(data)), [1, 2, 3, 4]);
    });
  });

  describe('wavFolder', () => {
    it('reads one channel, fills up short clips and cuts long ones', async () => {
      const files = { '/d/no/1.wav': wav([0, 16_384, -32_768]), '/d/yes/1.wav': wav([32_767]) };
      const data = await open(describedBy({ format: 'wavFolder', path: '.', splits: { test: {} }, input: { crop: 2 } }, files));
      const batch = await all(data);
      assert.deepEqual(values(batch), [0, 0.5, 32_767 / 32_768, 0]);
      assert.deepEqual(batch.labels, [0, 1]);
    });

    it('refuses two channels and files that are none', async () => {
      assert.match((await refused(open({ '/d/a/1.wav': wav([0, 1], 2) }, pair, '/d'))).message, /it has 2 channels/);
      assert.match((await refused(open({ '/d/a/1.wav': new Uint8Array(50) }, pair, '/d'))).message, /does not begin with RIFF/);
    });
  });
});
