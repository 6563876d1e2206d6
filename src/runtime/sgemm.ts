// The speed of a float matrix product here and now, printed beside every timing: absolute milliseconds of two machines,
// or of two hours on a shared one, mean little without it.

import { makeGraph, makeModel, makeNode, makeValue } from '../engine/ir/build';
import { tensorFrom } from '../engine/ir/tensors';
import { seededRandom } from '../engine/random';
import { createSession } from './sessions';
import { timeInterleaved } from './timing';

const SIZE = 1024;

/** GFLOP/s of a 1024 x 1024 x 1024 float32 MatMul with a constant right side, the median over about half a second. */
export async function sgemmSpeed(threads?: number): Promise<number> {
  const random = seededRandom(1);
  const matrix = (): Float32Array => Float32Array.from({ length: SIZE * SIZE }, random);
  const dims = [SIZE, SIZE];
  const model = makeModel(makeGraph({
    nodes: [makeNode('MatMul', ['a', 'b'], ['c'])],
    inputs: [makeValue('a', 'float32', dims)],
    outputs: [makeValue('c', 'float32', dims)],
    initializers: [tensorFrom('b', { type: 'float32', dims, data: matrix() })],
  }));
  const session = await createSession(model, threads === undefined ? {} : { threads });
  try {
    const feeds = { a: { type: 'float32', dims, data: matrix() } } as const;
    const [timing] = await timeInterleaved([() => session.run(feeds)], { budgetMs: 500 });
    // A product and a sum for each of SIZE^3 pairs; milliseconds to GFLOP/s.
    return (2 * SIZE ** 3) / ((timing?.latency.median ?? Number.NaN) * 1e6);
  } finally {
    await session.release();
  }
}
