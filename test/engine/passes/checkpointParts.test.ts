// Several checkpoints in one: each gives back what it kept, across a kill too.

import assert from 'node:assert/strict';
import { checkpointParts } from '../../../src/engine/passes/checkpointParts';
import type { PassCheckpoint } from '../../../src/engine/passes/pass';

describe('parts of a checkpoint', () => {
  it('keeps each part by its name, and finds them again', async () => {
    let kept: Uint8Array | undefined;
    const whole: PassCheckpoint = { load: () => Promise.resolve(kept), save: (bytes) => { kept = bytes.slice(); return Promise.resolve(); } };
    const first = checkpointParts(whole);
    assert.equal(await first('a').load(), undefined);
    await first('a').save(Uint8Array.of(1, 2, 3));
    await first('b').save(Uint8Array.of());
    await first('c').save(Uint8Array.of(9));
    await first('a').save(Uint8Array.of(4, 5));
    const again = checkpointParts(whole);
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map((name) => again(name).load())), [Uint8Array.of(4, 5), Uint8Array.of(), Uint8Array.of(9), undefined]);
  });
});
