// Preprocessing against PIL's numbers and by its laws.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { InputDescription, Layout } from '../../../src/engine/data/description';
import { halfBits, halfValue, writerOf } from '../../../src/engine/data/preprocess/cast';
import { fitShape, product } from '../../../src/engine/data/preprocess/fit';
import { batchOf, sampleShape } from '../../../src/engine/data/preprocess/input';
import { cropped, resized, withChannels } from '../../../src/engine/data/preprocess/pixels';
import { resample } from '../../../src/engine/data/preprocess/resample';
import type { NdArray, SessionValue } from '../../../src/engine/ports';
import { refused } from './support';

/** 4 x 3 grey pixels and what Pillow 11's `Image.resize` makes of them. */
const grey = { width: 4, height: 3, channels: 1, data: Uint8Array.of(0, 40, 200, 255, 10, 90, 30, 60, 250, 128, 5, 77) };
const byPillow = [
  ['nearest', 2, 2, [40, 255, 128, 77]],
  ['bilinear', 2, 2, [46, 145, 120, 52]],
  ['bicubic', 2, 6, [0, 18, 69, 129, 170, 187, 168, 150, 100, 16, 30, 67]],
  ['lanczos', 5, 3, [3, 125, 255, 0, 102, 186, 36, 63, 46, 173, 51, 27, 254, 55, 56]],
] as const;

function batch(samples: readonly NdArray[], layout: Layout | undefined, shape: readonly (number | string)[], description: InputDescription, type: SessionValue['type'] = 'float32'): NdArray {
  const value = { name: 'input', type, shape };
  return batchOf(samples, layout, { value, wanted: sampleShape(value, { S: 4 }), description, place: 'input', file: 'data.json' });
}

const rgb: NdArray = { type: 'uint8', dims: [1, 2, 3], data: Uint8Array.of(200, 10, 30, 5, 250, 90) };

describe('preprocessing', () => {
  for (const [interpolation, height, width, expected] of byPillow) {
    it(`resizes as Pillow does: ${interpolation}`, () => {
      assert.deepEqual([...resample(grey, height, width, interpolation, true).data], expected);
    });
  }

  it('without antialias bilinear looks at the two nearest pixels only', () => {
    const line = { width: 4, height: 1, channels: 1, data: Float32Array.of(0, 10, 20, 90) };
    assert.deepEqual([...resample(line, 1, 2, 'bilinear', false).data], [5, 55]);
  });

  it('refuses other filters without antialias by name', async () => {
    const error = await refused((async () => Promise.resolve(resample(grey, 2, 2, 'bicubic', false)))());
    assert.equal(error.code, 'notReady');
    assert.match(error.message, /bicubic and antialias false/);
  });

  it('keeps a constant image constant at any size', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.constantFrom('nearest', 'bilinear', 'bicubic', 'lanczos'), (value, from, to, interpolation) => {
      const image = { width: from, height: 3, channels: 1, data: new Uint8Array(from * 3).fill(value) };
      assert.ok(resample(image, 5, to, interpolation, true).data.every((pixel) => pixel === value));
    }));
  });

  it('one size means the shorter side', () => {
    const image = { width: 30, height: 20, channels: 1, data: new Uint8Array(600) };
    const { width, height } = resized(image, { size: 10 });
    assert.deepEqual([height, width], [10, 15]);
  });

  it('crops the centre and rounds halves to even', () => {
    const image = { width: 5, height: 1, channels: 1, data: Uint8Array.of(0, 1, 2, 3, 4) };
    assert.deepEqual([...cropped(image, [1, 2])?.data ?? []], [2, 3]);
    assert.equal(cropped(image, 2), undefined);
  });

  it("makes grey with PIL's weights, and swaps red and blue", () => {
    const image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(200, 10, 30, 5, 250, 90) };
    assert.deepEqual([...withChannels(image, 'L').data], [69, 159]);
    assert.deepEqual([...withChannels(image, 'BGR').data], [30, 10, 200, 90, 250, 5]);
    assert.deepEqual([...withChannels(withChannels(image, 'BGR'), 'BGR').data], [...image.data]);
  });

  it('scales, then subtracts, then divides, a channel at a time', () => {
    const out = batch([rgb], 'HWC', ['N', 3, 1, 2], { scale: 0.5, mean: [1, 2, 3], std: [2, 4, 8] });
    assert.deepEqual(Array.from(out.data, Number), [49.5, 0.75, 0.75, 30.75, 1.5, 5.25]);
  });

  it('goes from HWC to CHW and back', () => {
    const chw = batch([rgb], 'HWC', ['N', 3, 1, 2], {});
    assert.deepEqual(Array.from(chw.data, Number), [200, 5, 10, 250, 30, 90]);
    const back = batch([{ type: 'float32', dims: [3, 1, 2], data: chw.data }], 'CHW', ['N', 1, 2, 3], { layout: 'HWC' });
    assert.deepEqual(Array.from(back.data, Number), [200, 10, 30, 5, 250, 90]);
  });

  it('large images take the table of bytes and give the same numbers', () => {
    const pixels = Uint8Array.from({ length: 20 * 20 * 3 }, (_, index) => (index * 7) % 256);
    const out = batch([{ type: 'uint8', dims: [20, 20, 3], data: pixels }], 'HWC', ['N', 20, 20, 3], { layout: 'HWC', scale: 1 / 255, mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] });
    for (const [index, value] of Array.from(out.data, Number).entries()) {
      const channel = index % 3;
      assert.equal(value, Math.fround(((pixels[index] ?? 0) * (1 / 255) - ([0.1, 0.2, 0.3][channel] ?? 0)) / ([0.5, 0.6, 0.7][channel] ?? 1)));
    }
  });

  it('writes bytes for a model that takes bytes, rounded and cut', () => {
    const out = batch([{ type: 'float32', dims: [4], data: Float32Array.of(-1, 0.6, 255.4, 300) }], undefined, ['N', 4], {}, 'uint8');
    assert.deepEqual([...out.data as Uint8Array], [0, 1, 255, 255]);
  });

  it('refuses as many means as there are no channels for, steps on what is no image, and a crop too large', async () => {
    const run = (description: InputDescription) => refused((async () => Promise.resolve(batch([rgb], 'HWC', ['N', 3, 1, 2], description)))());
    assert.match((await run({ mean: [1, 2] })).message, /input\.mean: 2 numbers for 3 channels/);
    assert.match((await refused((async () => Promise.resolve(batch([{ type: 'float32', dims: [2], data: new Float32Array(2) }], undefined, ['N', 2], { resize: { size: 2 } })))())).message, /input\.resize: "resize" needs to know where the channels are/);
    assert.match((await run({ crop: 9 })).message, /a crop of 9 x 9 is larger than an image of 1 x 2/);
  });

  it('refuses samples of different shapes in one batch', async () => {
    const vector = (size: number): NdArray => ({ type: 'float32', dims: [size], data: new Float32Array(size) });
    const error = await refused((async () => Promise.resolve(batch([vector(2), vector(3)], undefined, ['N', 'length'], {})))());
    assert.equal(error.code, 'dataShapeMismatch');
  });

  describe('shapes that fit', () => {
    const cases: readonly [found: number[], wanted: (number | null)[], fed: number[] | undefined][] = [
      [[3, 4], [3, 4], [3, 4]],
      [[3, 4], [null, 4], [3, 4]],
      [[490], [1, 49, 10], [1, 49, 10]],
      [[49, 10], [490], [490]],
      [[28, 28, 1], [1, 28, 28], [1, 28, 28]],
      [[28, 28], [1, 28, null], [1, 28, 28]],
      [[1], [], []],
      [[14, 56], [28, 28], undefined],
      [[4, 3], [3, 4], undefined],
      [[490], [491], undefined],
      [[6], [2, null], undefined],
    ];
    for (const [found, wanted, fed] of cases) {
      it(`[${found.join(', ')}] for [${wanted.map((size) => size ?? '?').join(', ')}]`, () => {
        assert.deepEqual(fitShape(found, wanted), fed);
      });
    }

    it('never changes the number of values, and keeps every size the model fixes', () => {
      const size = fc.integer({ min: 1, max: 4 });
      fc.assert(fc.property(fc.array(size, { maxLength: 4 }), fc.array(fc.option(size), { maxLength: 4 }), (found, wanted) => {
        const fed = fitShape(found, wanted);
        if (fed === undefined) return;
        assert.equal(product(fed), product(found));
        assert.equal(fed.length, wanted.length);
        assert.ok(wanted.every((fixed, axis) => fixed === null || fixed === fed[axis]));
      }), { numRuns: 2000 });
    });

    it('takes sizes of named dimensions', () => {
      assert.deepEqual(sampleShape({ name: 'x', type: 'float32', shape: ['N', 'S', 'T', 3] }, { N: 8, S: 4 }), [4, null, 3]);
    });
  });

  describe('half precision', () => {
    it('gives the known bits', () => {
      const known: readonly [number, number][] = [
        [0, 0], [-0, 0x8000], [1, 0x3c00], [-2, 0xc000], [65_504, 0x7bff], [65_520, 0x7c00], [2 ** -24, 1], [2 ** -14, 0x0400],
        [1 / 3, 0x3555], [Infinity, 0x7c00], [2049, 0x6800], [2051, 0x6802],
      ];
      for (const [value, bits] of known) assert.equal(halfBits(value), bits, String(value));
      assert.ok(Number.isNaN(halfValue(halfBits(NaN))));
    });

    it('every half comes back as itself', () => {
      for (let bits = 0; bits < 0x7c00; bits += 1) assert.equal(halfBits(halfValue(bits)), bits);
    });
  });

  it('refuses a type it has no writer for', async () => {
    const error = await refused((async () => Promise.resolve(writerOf('complex64', 1, 'x')))());
    assert.equal(error.code, 'unsupportedType');
  });
});
