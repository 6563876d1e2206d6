// Memory by liveness, on graphs small enough to count by hand.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { peakBytes } from '../../../src/engine/train/memory';

const VECTOR = 100 * 4;

describe('memory of a run', () => {
  it('counts what is alive at the same time: a chain holds two inner tensors', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Neg', ['x'], ['a']), makeNode('Abs', ['a'], ['b']), makeNode('Exp', ['b'], ['c']), makeNode('Neg', ['c'], ['y'])],
      inputs: [makeValue('x', 'float32', [100])], outputs: [makeValue('y', 'float32', [100])],
    }));
    assert.equal(await peakBytes(model), 4 * VECTOR);
  });

  it('keeps what is used later, and weights throughout', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Add', ['x', 'w'], ['a']), makeNode('Neg', ['a'], ['b']), makeNode('Abs', ['b'], ['c']), makeNode('Mul', ['a', 'c'], ['y'])],
      inputs: [makeValue('x', 'float32', [100])], outputs: [makeValue('y', 'float32', [100])],
      initializers: [tensorFrom('w', { type: 'float32', dims: [100], data: new Float32Array(100) })],
    }));
    // x, w, y, and a, b, c at the third node.
    assert.equal(await peakBytes(model), 6 * VECTOR);
  });

  it('frees at once what nobody uses', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Neg', ['x'], ['unused']), makeNode('Abs', ['x'], ['y'])],
      inputs: [makeValue('x', 'float32', [100])], outputs: [makeValue('y', 'float32', [100])],
    }));
    assert.equal(await peakBytes(model), 3 * VECTOR);
  });
});
