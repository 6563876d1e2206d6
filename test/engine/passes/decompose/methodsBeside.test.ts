// Several methods beside each other in one layer: one that is slow, or whose factors give no numbers, does not stand for the rest.

import assert from 'node:assert/strict';
import type { Model } from '../../../../src/engine/ir/model';
import type { NdArray, Runtime } from '../../../../src/engine/ports';
import { testRuntime } from '../../../support/passContext';
import { fakeClock } from '../prune/latency/fakeClock';
import { samples } from '../quantize/staticSupport';
import { decompose, smallNet, texts } from './passSupport';

/** Kernels that reach along one axis alone: factors by `spatial`. */
function isFlat(dims: readonly unknown[] | null | undefined): boolean {
  return dims?.length === 4 && dims[2] !== dims[3];
}

describe('methods beside each other', function () {
  this.timeout(20_000);

  it('by a rule: the best one that is faster than the layer, where the best of all is slower', async () => {
    const model = await smallNet();
    const options = { ranks: { ratio: 0.4 }, grain: 1, methods: ['svd', 'spatial'] };
    const slowFlat = fakeClock((node, shapes, macs) => (isFlat(shapes.tensors.get(node.inputs[1] ?? '')?.shape) ? 1000 : 1) * macs / 1e6);
    const untimed = await decompose('decompose', model, { ...options, measure: false });
    const flat = (untimed.factors ?? []).filter(({ method }) => method === 'spatial').map(({ layer }) => layer);
    assert.ok(flat.length > 0);
    const timed = await decompose('decompose', model, options, { clock: slowFlat });
    for (const layer of flat) assert.equal(timed.factors?.find((one) => one.layer === layer)?.method, 'svd', texts(timed));
  });

  /** Answers of models with such factors are no numbers, as where float16 overflows. */
  const overflowing: Runtime = {
    ...testRuntime,
    async createSession(model, options) {
      const session = await testRuntime.createSession(model, options);
      if (!hasFlat(model)) return session;
      const spoiled = ([name, array]: [string, NdArray]): [string, NdArray] => [name, array.type === 'float32' ? { ...array, data: new Float32Array(array.data.length).fill(NaN) } : array];
      return { ...session, run: async (inputs) => Object.fromEntries(Object.entries(await session.run(inputs)).map(spoiled)), release: () => session.release() };
    },
  };
  const hasFlat = ({ graph }: Model): boolean => [...graph.initializers.values()].some(({ dims }) => isFlat(dims));

  it('with data: a method whose factors give no numbers is left out, others go on', async () => {
    const model = await smallNet();
    const run = (runtime: Runtime): ReturnType<typeof decompose> => decompose('decompose', model, { macs: 0.6, grain: 1, measure: false, refit: false, methods: ['svd', 'spatial'] }, { data: samples(8), context: { runtime } });
    const usual = await run(testRuntime);
    assert.ok(usual.factors?.some(({ method }) => method === 'spatial'));
    const { factors = [] } = await run(overflowing);
    assert.ok(factors.length > 0 && factors.every(({ method }) => method === 'svd'));
  });

  it('with data: where no method is left, it is said why', async () => {
    await assert.rejects(
      decompose('decompose.spatial', await smallNet(), { macs: 0.8, grain: 1, measure: false, refit: false }, { data: samples(8), context: { runtime: overflowing } }),
      { code: 'nothingToDecompose', message: /too large for the type of its weights/u },
    );
  });
});
