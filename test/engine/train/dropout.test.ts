// Dropout masks: pure functions of the seed, and as random as dropout needs them.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeValue } from '../../../src/engine/ir/build';
import { dropoutMask } from '../../../src/engine/train/dropout';
import { GraphBuilder } from '../../../src/engine/train/graphBuilder';
import { testRuntime } from '../../support/passContext';

interface Draw { readonly seed: bigint; readonly stream?: number; readonly dims: readonly number[]; readonly ratio: number }

async function draw({ seed, stream = 0, dims, ratio }: Draw): Promise<Float32Array> {
  const graph = makeGraph({ nodes: [], inputs: [makeValue('seed', 'int64', [])], outputs: [] });
  const mask = dropoutMask(new GraphBuilder(graph), { seed: 'seed', stream, dims, ratio });
  graph.outputs.push(makeValue(mask, 'float32', dims));
  const session = await testRuntime.createSession(makeModel(graph), { threads: 2 });
  try {
    const result = await session.run({ seed: { type: 'int64', dims: [], data: BigInt64Array.of(seed) } });
    return result[mask]?.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** Kept as 1 - p, dropped as -p with p the share that is kept: mean zero, variance p (1 - p). */
const centered = (mask: Float32Array, ratio: number): Float64Array => Float64Array.from(mask, (value) => (value > 0 ? ratio : ratio - 1));

/** Correlation in standard deviations of that of independent masks. */
function correlation(a: Float64Array, b: Float64Array, ratio: number, lag = 0): number {
  let sum = 0;
  for (let at = 0; at + lag < a.length; at += 1) sum += (a[at] as number) * (b[at + lag] as number);
  return sum / Math.sqrt(a.length - lag) / (ratio * (1 - ratio));
}

/** Six standard deviations: once in 5e8 draws by chance; seeds are fixed, so that the tests are the same every time. */
const SIGMAS = 6;
const bounded = (z: number, what: string): void => { assert.ok(Math.abs(z) < SIGMAS, `${what}: ${z} standard deviations`); };

describe('dropout masks', () => {
  it('are a pure function of the seed, with the scale of what is kept', async () => {
    const form = { dims: [3, 5, 7], ratio: 0.3 };
    const first = await draw({ ...form, seed: 7n });
    assert.deepEqual(await draw({ ...form, seed: 7n }), first);
    assert.deepEqual([...new Set(first)].sort(), [0, Math.fround(1 / 0.7)]);
    for (const seed of [8n, 7n + 2n ** 32n, -7n]) assert.notDeepEqual(await draw({ ...form, seed }), first);
    assert.notDeepEqual(await draw({ ...form, seed: 7n, stream: 1 }), first);
  });

  it('drop everything at ratio 1, nothing at 0, and take any shape', async () => {
    assert.ok((await draw({ seed: 1n, dims: [64], ratio: 1 })).every((value) => value === 0));
    assert.ok((await draw({ seed: 1n, dims: [64], ratio: 0 })).every((value) => value === 1));
    for (const dims of [[], [1], [2, 0], [127], [4, 3, 2, 5]]) {
      assert.equal((await draw({ seed: 1n, dims, ratio: 0.5 })).length, dims.reduce((product, size) => product * size, 1));
    }
  });

  for (const ratio of [0.1, 0.5, 0.8]) {
    it(`have the mean, variance and independence of coin throws at ratio ${ratio}`, async () => {
      const dims = [512, 1024];
      const count = 512 * 1024;
      const seeds = [0n, 1n, 2n, 1_000_003n];
      const masks = await Promise.all(seeds.map(async (seed) => centered(await draw({ seed, dims, ratio }), ratio)));
      const streams = await Promise.all([1, 2].map(async (stream) => centered(await draw({ seed: 0n, stream, dims, ratio }), ratio)));
      const [first] = masks as [Float64Array];
      for (const mask of [...masks, ...streams]) {
        bounded(mask.reduce((sum, value) => sum + value, 0) / Math.sqrt(count * ratio * (1 - ratio)), 'mean');
        // Neighbours in the row and in the column; the grid inside has the shape of the mask here.
        for (const lag of [1, 2, 3, 7, 512, 1023, 1024, 1025, 2048]) bounded(correlation(mask, mask, ratio, lag), `lag ${lag}`);
      }
      for (const other of [...masks.slice(1), ...streams]) for (const lag of [0, 1, 1024]) bounded(correlation(first, other, ratio, lag), `another seed or stream, lag ${lag}`);
    });
  }

  it('have words of eight neighbours as often as chance has them (chi-square)', async () => {
    const mask = await draw({ seed: 5n, dims: [1024, 1024], ratio: 0.5 });
    for (const stride of [1, 1024]) {
      const counts = new Float64Array(256);
      for (let at = 0; at < mask.length / 8; at += 1) {
        // Words along rows, then down the columns.
        const start = stride === 1 ? at * 8 : Math.floor(at / 1024) * 8 * 1024 + (at % 1024);
        let word = 0;
        for (let bit = 0; bit < 8; bit += 1) word = word * 2 + ((mask[start + bit * stride] as number) > 0 ? 1 : 0);
        counts[word] = (counts[word] as number) + 1;
      }
      const expected = mask.length / 8 / 256;
      const chiSquare = counts.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
      // 255 degrees of freedom: mean 255, standard deviation sqrt(2 * 255).
      bounded((chiSquare - 255) / Math.sqrt(2 * 255), `chi-square of words, stride ${stride}`);
    }
  });

  it('have rows of the grid and squares in it that do not hang together', async () => {
    // An element is a function of a row's and a column's hash: pairs of rows, and corners of rectangles, would show it.
    const [rows, columns, ratio] = [256, 512, 0.5];
    const mask = centered(await draw({ seed: 11n, dims: [rows, columns], ratio }), ratio);
    let squares = 0;
    let fourths = 0;
    let pairs = 0;
    for (let a = 0; a < rows; a += 1) {
      for (let b = 0; b < a; b += 1) {
        let sum = 0;
        for (let c = 0; c < columns; c += 1) sum += (mask[a * columns + c] as number) * (mask[b * columns + c] as number);
        const z = sum / Math.sqrt(columns) / (ratio * (1 - ratio));
        bounded(z, `rows ${a} and ${b}`);
        squares += z ** 2;
        fourths += z ** 4;
        pairs += 1;
      }
    }
    // Mean of z^2 is 1 (standard deviation sqrt(2 / pairs)), which also is the correlation of the corners of all rectangles.
    bounded((squares / pairs - 1) / Math.sqrt(2 / pairs), 'corners of rectangles');
    assert.ok(Math.abs(fourths / pairs / (squares / pairs) ** 2 - 3) < 0.15, `kurtosis ${fourths / pairs}`);
  });
});
