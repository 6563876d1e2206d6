// Convolutions in blocked layout give what the plain ones give.

import assert from 'node:assert/strict';
import { int, ints } from '../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Model } from '../../../src/engine/ir/model';
import { blockConvolutions, channelBlock } from '../../../src/engine/train/blockedConvolutions';
import { assertClose, uniform } from '../../support/gradientCheck';
import { testRuntime } from '../../support/passContext';

interface Case { readonly channels: number; readonly filters: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly bias: boolean; readonly group?: number }

const dims = ({ channels, filters, kernel, bias, group = 1 }: Case): Record<string, number[]> =>
  ({ x: [2, channels, 7, 6], w: [filters, channels / group, kernel, kernel], ...(bias && { b: [filters] }) });

function convolution(test: Case): Model {
  const inputs = dims(test);
  return makeModel(makeGraph({
    nodes: [makeNode('Conv', Object.keys(inputs), ['y'], {
      strides: ints([test.stride, test.stride]), dilations: ints([test.dilation, test.dilation]), pads: ints([1, 0, 1, 2]), group: int(test.group ?? 1),
    })],
    inputs: Object.entries(inputs).map(([name, shape]) => makeValue(name, 'float32', shape)),
    outputs: [makeValue('y', 'float32', null)],
  }));
}

describe('blocked convolutions', () => {
  it('give the same results, with channels that fill no block too', async function () {
    const block = await channelBlock(testRuntime);
    if (block === undefined) {
      console.warn('  no blocked convolution kernels on this machine: not checked');
      this.skip();
    }
    for (const test of [
      { channels: 16, filters: 32, kernel: 3, stride: 1, dilation: 1, bias: true }, { channels: 24, filters: 16, kernel: 3, stride: 2, dilation: 1, bias: false },
      { channels: 28, filters: 48, kernel: 2, stride: 1, dilation: 2, bias: true }, { channels: 64, filters: 64, kernel: 3, stride: 1, dilation: 1, bias: false },
      { channels: 32, filters: 32, kernel: 3, stride: 1, dilation: 1, bias: true, group: 32 }, { channels: 48, filters: 48, kernel: 3, stride: 2, dilation: 1, bias: false, group: 48 },
    ]) {
      const plain = convolution(test);
      const blocked = await blockConvolutions(plain, block);
      assert.equal(blocked.graph.nodes.some((node) => node.domain === 'com.microsoft.nchwc'), true, JSON.stringify(test));
      const feeds = Object.fromEntries(Object.entries(dims(test)).map(([name, shape], index) => [name, uniform(shape, index + 1)]));
      const [expected, found] = [await run(plain, feeds), await run(blocked, feeds)];
      assert.deepEqual(found.dims, expected.dims);
      assertClose(Float64Array.from(expected.data as Float32Array), found.data as Float32Array, 1e-5, JSON.stringify(test));
    }
  });

  it('leaves grouped, pointwise and small convolutions as they are', async () => {
    for (const test of [{ channels: 32, filters: 32, kernel: 3, stride: 1, dilation: 1, bias: false, group: 2 }, { channels: 16, filters: 16, kernel: 1, stride: 1, dilation: 1, bias: false }, { channels: 3, filters: 16, kernel: 3, stride: 1, dilation: 1, bias: false }]) {
      const plain = convolution(test);
      assert.deepEqual((await blockConvolutions(plain, 16)).graph.nodes, plain.graph.nodes);
    }
  });
});

async function run(model: Model, feeds: Parameters<Awaited<ReturnType<typeof testRuntime.createSession>>['run']>[0]) {
  const session = await testRuntime.createSession(model, { threads: 1 });
  try {
    return (await session.run(feeds))['y'] ?? assert.fail('no y');
  } finally {
    await session.release();
  }
}
