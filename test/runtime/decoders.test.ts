// The decoders against what other programs wrote, and against damaged input.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';
import { memorySource } from '../../src/engine/data/storage';
import { EngineError } from '../../src/engine/error';
import { nodeDecoders } from '../../src/runtime/decoders';
import { images, tables } from './fixtures/encoded';

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof EngineError && error.code === 'dataUnreadable', String(error));
    return error.message;
  }
  throw new Error('nothing was refused');
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

describe('decoders', () => {
  describe('images, byte for byte as Pillow', () => {
    for (const { title, base64, channels, sha256 } of images) {
      it(title, async () => {
        const image = await nodeDecoders.image(bytesOf(base64), title);
        assert.deepEqual([image.width, image.height, image.channels], [6, 5, channels]);
        assert.equal(createHash('sha256').update(image.data).digest('hex').slice(0, sha256.length), sha256);
      });

      it(`${title}, cut short`, async () => {
        const bytes = bytesOf(base64);
        for (const length of [20, bytes.length - 5]) await refusal(nodeDecoders.image(bytes.subarray(0, length), title));
      });
    }

    it('refuses other content, naming the file', async () => {
      assert.match(await refusal(nodeDecoders.image(new Uint8Array(100), 'a/b.jpg')), /a\/b\.jpg cannot be read as JPEG, PNG, WebP or BMP: it begins like none/);
    });

    it('refuses a PNG that claims to be huge before it takes memory', async () => {
      const bytes = bytesOf(images.find(({ title }) => title === 'PNG with alpha')?.base64 ?? '');
      new DataView(bytes.buffer).setUint32(16, 200_000);
      new DataView(bytes.buffer).setUint32(20, 200_000);
      assert.match(await refusal(nodeDecoders.image(bytes, 'huge.png')), /200000 x 200000 pixels are too many/);
    });
  });

  describe('zip', () => {
    const entries = { 'a/one.txt': new TextEncoder().encode('hello hello hello hello'), 'two.bin': Uint8Array.of(1, 2, 3, 4, 5) };
    const packed = zipSync({ 'a/one.txt': [entries['a/one.txt'], { level: 9 }], 'two.bin': [entries['two.bin'], { level: 0 }] });

    it('reads stored and deflated entries, whole and by range', async () => {
      const archive = await nodeDecoders.archive(memorySource('t.zip', packed));
      assert.deepEqual(archive.entries.map(({ path, size, compressed }) => [path, size, compressed]), [['a/one.txt', 23, true], ['two.bin', 5, false]]);
      const [one, two] = archive.entries;
      assert.ok(one !== undefined && two !== undefined);
      assert.equal(text(await archive.read(one)), 'hello hello hello hello');
      for (const entry of [one, two]) {
        const source = await archive.open(entry);
        assert.deepEqual([...await source.read(1, 2)], [...(await archive.read(entry)).subarray(1, 3)]);
        await assert.rejects(source.read(entry.size - 1, 2));
      }
    });

    it('finds the directory behind a comment and in ZIP64', async () => {
      const commented = new Uint8Array(packed.length + 3);
      commented.set(packed);
      commented.set([65, 66, 67], packed.length);
      new DataView(commented.buffer).setUint16(packed.length - 2, 3, true);
      assert.equal((await nodeDecoders.archive(memorySource('t.zip', commented))).entries.length, 2);
      const archive = await nodeDecoders.archive(memorySource('t.zip', zip64(packed)));
      assert.deepEqual(archive.entries.map(({ path }) => path), ['a/one.txt', 'two.bin']);
    });

    it('refuses what is cut short, damaged, encrypted, or unknown', async () => {
      const open = (bytes: Uint8Array): Promise<unknown> => nodeDecoders.archive(memorySource('t.zip', bytes)).then((archive) => Promise.all(archive.entries.map((entry) => archive.read(entry))));
      const changed = (change: (view: DataView, directory: number) => void): Uint8Array => {
        const copy = packed.slice();
        const view = new DataView(copy.buffer);
        change(view, view.getUint32(copy.length - 6, true));
        return copy;
      };
      assert.match(await refusal(open(packed.subarray(0, packed.length - 10))), /no zip directory/);
      assert.match(await refusal(open(new Uint8Array(0))), /no zip directory/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint32(at, 0); }))), /directory is damaged/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint16(at + 8, 1, true); }))), /a\/one\.txt is encrypted/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint16(at + 10, 14, true); }))), /compression method 14/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint32(at + 24, 22, true); }))), /a\/one\.txt/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint32(at + 24, 2 ** 31, true); }))), /claims 2147483648 bytes/);
      assert.match(await refusal(open(changed((view, at) => { view.setUint32(at + 42, 5, true); }))), /does not begin where the directory says/);
      assert.match(await refusal(open(changed((view) => { view.setUint8(45, 255); }))), /a\/one\.txt/);
    });
  });

  describe('parquet', () => {
    for (const [codec, base64] of Object.entries(tables)) {
      it(`reads rows of a table packed with ${codec}, across its groups`, async () => {
        const table = await nodeDecoders.parquet(memorySource('t.parquet', bytesOf(base64)));
        assert.deepEqual(table.columns, ['image', 'text', 'label']);
        assert.equal(table.rows, 3);
        assert.deepEqual(await table.read('text', 1, 3), ['bad', 'film']);
        assert.deepEqual((await table.read('label', 0, 3)).map(Number), [1, 0, 1]);
        const images = await table.read('image', 2, 3) as { bytes: Uint8Array }[];
        assert.equal(text(images[0]?.bytes ?? new Uint8Array()), 'three');
      });
    }

    it('refuses what is no table', async () => {
      assert.match(await refusal(nodeDecoders.parquet(memorySource('t.parquet', new Uint8Array(100)))), /t\.parquet cannot be read as parquet/);
    });
  });

  it('refuses what is no gzip', () => {
    assert.throws(() => nodeDecoders.gunzip(new Uint8Array(10), 'a.gz'), (error: EngineError) => error.code === 'dataUnreadable' && /a\.gz/.test(error.message));
  });
});

/** The same archive with its end as ZIP64 writers make it: the 64-bit record and its locator before the old end record. */
function zip64(packed: Uint8Array): Uint8Array {
  const end = packed.length - 22;
  const old = new DataView(packed.buffer, packed.byteOffset + end, 22);
  const out = new Uint8Array(packed.length + 76);
  out.set(packed.subarray(0, end));
  const view = new DataView(out.buffer);
  view.setUint32(end, 0x06064b50, true);
  view.setBigUint64(end + 4, 44n, true);
  view.setBigUint64(end + 24, BigInt(old.getUint16(10, true)), true);
  view.setBigUint64(end + 32, BigInt(old.getUint16(10, true)), true);
  view.setBigUint64(end + 40, BigInt(old.getUint32(12, true)), true);
  view.setBigUint64(end + 48, BigInt(old.getUint32(16, true)), true);
  view.setUint32(end + 56, 0x07064b50, true);
  view.setBigUint64(end + 64, BigInt(end), true);
  out.set(packed.subarray(end), end + 76);
  view.setUint32(end + 76 + 16, 0xffffffff, true);
  return out;
}
