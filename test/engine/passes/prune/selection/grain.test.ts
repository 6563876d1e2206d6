// Widths that groups may have by grain: whole blocks, and halves of them where a layer is narrow.

import assert from 'node:assert/strict';
import type { DependencyGroup } from '../../../../../src/engine/analysis/dependencies/index';
import { keptUnits, type Widths } from '../../../../../src/engine/passes/prune/selection/order';
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
    assert.deepEqual(allowed(group(32), { grain: 16, finer: true, minimum: 1 }), [8, 16, 24, 32]);
    assert.deepEqual(allowed(group(16), { grain: 16, finer: true, minimum: 1 }), [8, 16]);
    assert.deepEqual(allowed(group(64), { grain: 16, finer: true, minimum: 1 }), [16, 32, 48, 64]);
    assert.deepEqual(allowed(group(4), { grain: 16, finer: true, minimum: 1 }), [4]);
    assert.deepEqual(allowed(group(16, 4), { grain: 16, finer: true, minimum: 1 }), [4, 8, 12, 16], 'units of four channels');
    assert.deepEqual(allowed(group(32), { grain: 4, finer: true, minimum: 1 }), allowed(group(32), { grain: 4, minimum: 1 }), 'never coarser than asked for');
  });

  it('take the block of this processor', () => {
    assert.equal(targetOf('cpu').channelBlock, cpu().features?.includes('avx512f') === true ? 16 : 8);
  });
});
