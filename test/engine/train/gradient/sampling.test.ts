// Gradients of Resize and AffineGrid, by unit steps: both are linear.

import fc from 'fast-check';
import { float, int, ints, string } from '../../../../src/engine/ir/attributes';
import type { Attribute } from '../../../../src/engine/ir/model';
import { checkLinear, floats, int64s, wholeNumbers } from '../../../support/gradientCheck';

const transformations = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const roundings = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
/** Powers of two, so that weights of whole numbers stay exact. */
const scale = fc.constantFrom(0.5, 1, 2, 4, 1.5);

describe('gradients: Resize', () => {
  it('to the nearest, over coordinates, rounding, scales and sizes', async () => {
    await fc.assert(fc.asyncProperty(
      fc.constantFrom(...transformations), fc.constantFrom(...roundings), fc.array(fc.tuple(fc.integer({ min: 2, max: 5 }), scale), { minLength: 1, maxLength: 3 }), fc.boolean(), fc.integer({ min: 0, max: 999 }),
      async (transformation, rounding, space, bySizes, seed) => {
        await resizes(space, bySizes, seed, { mode: string('nearest'), coordinate_transformation_mode: string(transformation), nearest_mode: string(rounding) });
      }), { numRuns: 40 });
  }).timeout(60_000);

  it('linearly, over coordinates, scales and sizes', async () => {
    await fc.assert(fc.asyncProperty(
      fc.constantFrom(...transformations), fc.array(fc.tuple(fc.integer({ min: 2, max: 5 }), scale), { minLength: 1, maxLength: 3 }), fc.boolean(), fc.integer({ min: 0, max: 999 }),
      async (transformation, space, bySizes, seed) => {
        await resizes(space, bySizes, seed, { mode: string('linear'), coordinate_transformation_mode: string(transformation) });
      }), { numRuns: 40 });
  }).timeout(60_000);

  it('with cubic weights and with antialiasing', async () => {
    for (const transformation of ['half_pixel', 'asymmetric', 'align_corners']) {
      for (const exclude of [0, 1]) {
        await resizes([[4, 2], [5, 0.5]], false, 3, { mode: string('cubic'), coordinate_transformation_mode: string(transformation), exclude_outside: int(exclude) });
      }
    }
    for (const mode of ['linear', 'cubic']) await resizes([[6, 0.5], [4, 2]], true, 4, { mode: string(mode), antialias: int(1) });
  });

  it('of a region, of chosen axes', async () => {
    await checkLinear({
      op: 'Resize', by: [0], attributes: { mode: string('linear'), coordinate_transformation_mode: string('tf_crop_and_resize'), extrapolation_value: float(10) },
      inputs: [wholeNumbers([1, 1, 4, 4], 3), floats([8], [0, 0, 0.4, 0.6, 1, 1, 1.2, 0.9]), null, int64s([4], [1, 1, 3, 3])],
    });
    await checkLinear({
      op: 'Resize', by: [0], attributes: { mode: string('nearest'), axes: ints([3, 2]) },
      inputs: [wholeNumbers([1, 2, 3, 4], 3), null, floats([2], [2, 3])],
    });
  });
});

async function resizes(space: readonly (readonly [number, number])[], bySizes: boolean, seed: number, attributes: Record<string, Attribute>): Promise<void> {
  const outer = [2, 2];
  const scales = [1, 1, ...space.map(([, factor]) => factor)];
  const sizes = [...outer, ...space.map(([size, factor]) => Math.floor(size * factor))];
  await checkLinear({
    op: 'Resize', by: [0], attributes,
    inputs: [wholeNumbers([...outer, ...space.map(([size]) => size)], seed), null, ...(bySizes ? [null, int64s([sizes.length], sizes)] : [floats([scales.length], scales)])],
  });
}

describe('gradients: AffineGrid', () => {
  it('in two and three dimensions', async () => {
    for (const corners of [0, 1]) {
      await checkLinear({ op: 'AffineGrid', by: [0], attributes: { align_corners: int(corners) }, inputs: [wholeNumbers([2, 2, 3], 1), int64s([4], [2, 3, 4, 5])] });
      await checkLinear({ op: 'AffineGrid', by: [0], attributes: { align_corners: int(corners) }, inputs: [wholeNumbers([1, 3, 4], 1), int64s([5], [1, 2, 2, 3, 4])] });
    }
  });
});
