import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Batch } from '../../../src/engine/data/dataset';
import type { Layout } from '../../../src/engine/data/description';
import { elementCount } from '../../../src/engine/ir/model';
import { augmentBatch, type AugmentOptions, drawMixup } from '../../../src/engine/train/augment';

/** Images whose elements are numbered from 1, so that a 0 was written by augmentation. */
function batchOf(indices: readonly number[], size: { readonly channels: number; readonly height: number; readonly width: number }, layout: Layout): Batch {
  const { channels, height, width } = size;
  const dims = [indices.length, ...(layout === 'CHW' ? [channels, height, width] : [height, width, channels])];
  const length = channels * height * width;
  const data = Float32Array.from({ length: elementCount(dims) }, (_, at) => {
    const sample = indices[Math.floor(at / length)] ?? 0;
    const inside = at % length;
    // The same number for a pixel in either layout.
    const [channel, pixel] = layout === 'CHW' ? [Math.floor(inside / (height * width)), inside % (height * width)] : [inside % channels, Math.floor(inside / channels)];
    return 1 + sample * length + channel * height * width + pixel;
  });
  return {
    inputs: { image: { type: 'float32', dims, data }, side: { type: 'float32', dims: [indices.length, 2], data: new Float32Array(2 * indices.length).fill(3) } },
    labels: indices.map((index) => index), start: indices[0] ?? 0, indices, size: indices.length,
  };
}

const image = (batch: Batch): Float32Array => batch.inputs['image']?.data as Float32Array;
const sizes = fc.record({ channels: fc.integer({ min: 1, max: 4 }), height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) });
const layouts = fc.constantFrom<Layout>('CHW', 'HWC');
const options: fc.Arbitrary<AugmentOptions> = fc.record({ crop: fc.integer({ min: 0, max: 4 }), flip: fc.boolean(), erase: fc.constantFrom(0, 0.5, 1) });
const places = fc.record({ seed: fc.nat(), epoch: fc.nat({ max: 50 }) });

/** Rows of one channel of one sample. */
function rows(data: Float32Array, sample: number, { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number }, layout: Layout): number[][] {
  const length = channels * height * width;
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) =>
    data[sample * length + (layout === 'CHW' ? y * width + x : (y * width + x) * channels)] ?? NaN));
}

describe('augmentBatch', () => {
  it('depends on seed, epoch and sample only: not on its neighbours in the batch', () => {
    fc.assert(fc.property(sizes, layouts, options, places, fc.uniqueArray(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 5 }), (size, layout, wanted, place, indices) => {
      const together = image(augmentBatch(batchOf(indices, size, layout), layout, wanted, place));
      const length = size.channels * size.height * size.width;
      indices.forEach((index, sample) => {
        const alone = image(augmentBatch(batchOf([index], size, layout), layout, wanted, place));
        assert.deepEqual(together.subarray(sample * length, (sample + 1) * length), alone.subarray());
      });
    }));
  });

  it('leaves what it is given as it is, labels and inputs of other ranks included', () => {
    fc.assert(fc.property(sizes, layouts, options, places, (size, layout, wanted, place) => {
      const given = batchOf([4, 9], size, layout);
      const before = image(given).slice();
      const made = augmentBatch(given, layout, wanted, place);
      assert.deepEqual(image(given), before);
      assert.equal(made.inputs['side'], given.inputs['side']);
      assert.equal(made.labels, given.labels);
      assert.deepEqual(made.inputs['image']?.dims, given.inputs['image']?.dims);
    }));
  });

  it('does the same in both layouts, and to every channel', () => {
    fc.assert(fc.property(sizes, options, places, (size, wanted, place) => {
      const [chw, hwc] = (['CHW', 'HWC'] as const).map((layout) => image(augmentBatch(batchOf([3], size, layout), layout, wanted, place)));
      const { channels, height, width } = size;
      for (let channel = 0; channel < channels; channel += 1) {
        for (let pixel = 0; pixel < height * width; pixel += 1) assert.equal(hwc?.[pixel * channels + channel], chw?.[channel * height * width + pixel]);
      }
    }));
  });

  it('cuts a shifted, perhaps mirrored window, and zeros beyond it', () => {
    fc.assert(fc.property(sizes, layouts, fc.integer({ min: 0, max: 4 }), fc.boolean(), places, (size, layout, crop, flip, place) => {
      const given = rows(image(batchOf([0], size, layout)), 0, size, layout);
      const made = rows(image(augmentBatch(batchOf([0], size, layout), layout, { crop, flip }, place)), 0, size, layout);
      const candidates = [false, ...(flip ? [true] : [])].flatMap((mirrored) => Array.from({ length: (2 * crop + 1) ** 2 }, (_, place) => {
        const [down, right] = [Math.floor(place / (2 * crop + 1)) - crop, (place % (2 * crop + 1)) - crop];
        return given.map((row, y) => row.map((__, x) => given[y + down]?.[(mirrored ? size.width - 1 - x : x) + right] ?? 0));
      }));
      assert.ok(candidates.some((candidate) => JSON.stringify(candidate) === JSON.stringify(made)), JSON.stringify(made));
    }));
  });

  it('erases one rectangle of 2 to 33 per cent when told always to', () => {
    const size = { channels: 3, height: 32, width: 32 };
    fc.assert(fc.property(places, (place) => {
      const made = rows(image(augmentBatch(batchOf([7], size, 'CHW'), 'CHW', { erase: 1 }, place)), 0, size, 'CHW');
      const zeros = made.flatMap((row, y) => row.flatMap((value, x) => (value === 0 ? [[y, x] as const] : [])));
      const [ys, xs] = [zeros.map(([y]) => y), zeros.map(([, x]) => x)];
      const area = (Math.max(...ys) - Math.min(...ys) + 1) * (Math.max(...xs) - Math.min(...xs) + 1);
      assert.equal(area, zeros.length, 'a whole rectangle');
      assert.ok(area / 1024 > 0.015 && area / 1024 < 0.36, `${area}`);
    }), { numRuns: 50 });
  });

  it('mirrors half of the samples and shifts evenly over many draws', () => {
    const size = { channels: 1, height: 3, width: 3 };
    const indices = Array.from({ length: 2000 }, (_, index) => index);
    const given = batchOf(indices, size, 'CHW');
    const flipped = image(augmentBatch(given, 'CHW', { flip: true }, { seed: 1, epoch: 2 }));
    const mirrored = indices.filter((index) => flipped[index * 9] !== image(given)[index * 9]).length;
    assert.ok(Math.abs(mirrored - 1000) < 100, `${mirrored}`);
    const shifted = image(augmentBatch(given, 'CHW', { crop: 1 }, { seed: 1, epoch: 2 }));
    const centred = indices.filter((index) => shifted[index * 9 + 4] === image(given)[index * 9 + 4]).length;
    assert.ok(Math.abs(centred - 2000 / 9) < 60, `${centred}`);
  });
});

describe('drawMixup', () => {
  it('draws a share in 0 to 1 and a permutation, by seed, epoch and step alone', () => {
    fc.assert(fc.property(fc.double({ min: 0.05, max: 4, noNaN: true }), fc.integer({ min: 1, max: 40 }), places, fc.nat(), (alpha, size, place, step) => {
      const draw = drawMixup(alpha, size, { ...place, step });
      assert.ok(draw.lambda >= 0 && draw.lambda <= 1);
      assert.deepEqual([...draw.partners].sort((left, right) => left - right), Array.from({ length: size }, (_, index) => index));
      assert.deepEqual(drawMixup(alpha, size, { ...place, step }), draw);
    }));
  });

  it('has the moments of Beta(alpha, alpha)', () => {
    for (const alpha of [0.2, 1, 3]) {
      const draws = Array.from({ length: 4000 }, (_, step) => drawMixup(alpha, 1, { seed: 3, epoch: 0, step }).lambda);
      const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
      const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
      assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean} for ${alpha}`);
      const expected = 1 / (4 * (2 * alpha + 1));
      assert.ok(Math.abs(variance - expected) < 0.1 * expected, `variance ${variance}, not ${expected}, for ${alpha}`);
    }
  });
});
