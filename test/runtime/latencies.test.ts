// Latencies of models side by side: one for each, in order, with the larger one slower.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import type { Model } from '../../src/engine/ir/model';
import { tensorFrom } from '../../src/engine/ir/tensors';
import { testRuntime } from '../support/passContext';

/** A product of [N, size] with a matrix of size by size. */
function product(size: number): Model {
  const weight = tensorFrom('w', { type: 'float32', dims: [size, size], data: new Float32Array(size * size) });
  return makeModel(makeGraph({ nodes: [makeNode('MatMul', ['x', 'w'], ['y'])], inputs: [makeValue('x', 'float32', ['N', size])], outputs: [makeValue('y', 'float32', ['N', size])], initializers: [weight] }));
}

describe('latencies side by side', function () {
  this.timeout(30_000);

  it('gives the median of each in order, at the sizes asked for', async () => {
    const told: number[] = [];
    const [large = NaN, small = NaN] = await testRuntime.latencies?.([product(1024), product(16)], { threads: 1, runs: 11, dims: { N: 64 }, progress: (fraction) => told.push(fraction) }) ?? [];
    assert.ok(small > 0 && large > 3 * small, `${large} and ${small} ms`);
    assert.equal(told.at(-1), 1);
  });

  it('stops when it is cancelled, and names what does not run', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(async () => testRuntime.latencies?.([product(16)], { signal }), { code: 'cancelled' });
    await assert.rejects(async () => testRuntime.latencies?.([product(16)], { provider: 'nowhere' }), { code: 'unknownProvider' });
  });
});
