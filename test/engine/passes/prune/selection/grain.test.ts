// Widths that groups may have by grain: whole blocks, and halves of them where a layer is narrow.

import assert from 'node:assert/strict';
import type { DependencyGroup } from '../../../../../src/engine/analysis/dependencies/index';
import { keptUnits, type Widths } from '../../../../../src/engine/passes/prune/selection/order';
import { coarsestFit, grainsOf } from '../../../../../src/engine/passes/prune/selection/grains';
import { targetOf } from '../../../../../src/jobs/target';
import { cpu } from '../../../../../src/runtime/cpu';

/** A group of `size` units of `perUnit` channels each. */
function group(size: number, perUnit = 1): DependencyGroup {
  return { id: 'g', kind: 'channels', size, weights: [], activations: [{ tensor: 't', axis: 1, perUnit, indices: new Int32Array(size * perUnit) }], layers: [], exact: true, classes: new Int32Array(size) };
}

const allowed = (given: DependencyGroup, widths: Widths): number[] => [...new Set(Array.from({ length: given.size }, (_, index) => keptUnits(given, index + 1, widths)))];

describe('widths by grain', () => {
  it('are multiples of it, and finer in narrow layers where that is asked for', () => {
    assert.deepEqual(allowed(group(32), { grain: 16, minimum: 1 }), [16, 32]);
    assert.deepEqual(allowed(group(32), { grain: 16, narrow: 8, minimum: 1 }), [8, 16, 24, 32]);
    assert.deepEqual(allowed(group(16), { grain: 16, narrow: 8, minimum: 1 }), [8, 16]);
    assert.deepEqual(allowed(group(64), { grain: 16, narrow: 8, minimum: 1 }), [16, 32, 48, 64]);
    assert.deepEqual(allowed(group(4), { grain: 16, narrow: 8, minimum: 1 }), [4]);
    assert.deepEqual(allowed(group(16, 4), { grain: 16, narrow: 8, minimum: 1 }), [4, 8, 12, 16], 'units of four channels');
    assert.deepEqual(allowed(group(16), { grain: 16, narrow: 4, minimum: 1 }), [4, 8, 12, 16]);
    assert.deepEqual(allowed(group(64), { grain: 16, narrow: 1, minimum: 1 }), [16, 32, 48, 64], 'wide ones keep the block');
    assert.deepEqual(allowed(group(48), { grain: 16, narrow: 8, minimum: 1, sizes: new Map([['g', 64]]) }), [16, 32, 48], 'once wide, always wide');
    assert.deepEqual(allowed(group(32), { grain: 4, narrow: 8, minimum: 1 }), allowed(group(32), { grain: 4, minimum: 1 }), 'never coarser than asked for');
  });

  it('are as coarse as comes near the target', () => {
    const fitOf = (costs: readonly (number | undefined)[]): number | undefined => coarsestFit([8, 4, 2].map((narrow) => ({ grain: 16, narrow, minimum: 1 })), 100, ({ narrow }) => {
      const cost = costs[[8, 4, 2].indexOf(narrow ?? 0)];
      return cost === undefined ? undefined : { chosen: new Map(), cost };
    })?.widths.narrow;
    assert.equal(fitOf([96, 100, 100]), 8);
    assert.equal(fitOf([60, 96, 100]), 4);
    assert.equal(fitOf([60, 61, 62]), 8, 'finer brings little');
    assert.equal(fitOf([undefined, 60, 90]), 2);
    assert.equal(fitOf([undefined, undefined, undefined]), undefined);
    assert.deepEqual(grainsOf([group(64), group(16)], { grain: 16, narrow: 8, minimum: 1 }).map(({ narrow }) => narrow), [8, 4, 2, 1]);
    assert.deepEqual(grainsOf([group(64)], { grain: 16, narrow: 8, minimum: 1 }).length, 1, 'no narrow group');
    assert.deepEqual(grainsOf([group(16)], { grain: 8, minimum: 1 }), [{ grain: 8, minimum: 1 }], 'as given');
  });

  it('take the block of this processor', () => {
    assert.deepEqual(['cpu-vnni', 'cpu-avx2'].map((name) => targetOf(name).channelBlock), [16, 8]);
    assert.equal(targetOf('cpu').channelBlock, cpu().features?.includes('avx512f') === true ? 16 : 8);
  });
});
