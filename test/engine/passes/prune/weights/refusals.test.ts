import assert from 'node:assert/strict';
import { encodeModel } from '../../../../../src/engine/ir/codec';
import type { Model } from '../../../../../src/engine/ir/model';
import type { PassContext } from '../../../../../src/engine/passes/pass';
import { findWeights } from '../../../../../src/engine/passes/linear/findWeights';
import { pruneWeights } from '../../../../../src/engine/passes/prune/weights/pass';
import { stagesOf } from '../../../../../src/engine/passes/prune/weights/stages';
import { validateOptions, validateRecipe } from '../../../../../src/engine/passes/recipe';
import { testRuntime } from '../../../../support/passContext';
import { floats, node, quantized, samples, small } from '../../quantize/staticSupport';
import { pruned } from './support';

const model = (): Model => small({
  nodes: [node('Gemm', ['x', 'a'], ['h']), node('Relu', ['h'], ['r']), node('Gemm', ['r', 'b'], ['y'])],
  constants: { a: floats([8, 8]), b: floats([8, 8], 2) }, shape: ['N', 8],
});

describe('what prune.weights refuses', () => {
  const contradictions: readonly [string, Readonly<Record<string, unknown>>][] = [
    ['pattern', { sparsity: 0.5, pattern: '2:4' }], ['scope', { scope: 'global', pattern: '2:4' }], ['scope', { scope: 'global', method: 'wanda' }],
    ['pattern', { pattern: '4:4' }], ['pattern', { pattern: '0:4' }], ['pattern', { pattern: '2/4' }], ['pattern', { pattern: '2:65' }],
  ];
  for (const [path, options] of contradictions) {
    it(`${JSON.stringify(options)}, by the option's name, before anything runs`, () => {
      assert.throws(() => validateOptions(pruneWeights, options), (error: { code: string; params: Record<string, unknown>; message: string }) =>
        error.code === 'invalidOption' && error.params['path'] === path && !error.message.includes('{'));
      const recipe = { version: 1, passes: [{ pass: 'cleanup' }, { pass: 'prune.weights', ...options }] };
      assert.throws(() => validateRecipe(recipe, { file: 'r.json' }), (error: { code: string; params: Record<string, unknown> }) =>
        error.code === 'invalidRecipe' && error.params['path'] === `passes[1].${path}`);
    });
  }

  it('values out of range and names that are none', () => {
    for (const options of [{ sparsity: 0 }, { sparsity: 1 }, { sparsity: '50%' }, { method: 'obd' }, { samples: 0 }, { sparseness: 0.5 }]) {
      assert.throws(() => validateOptions(pruneWeights, options), { code: 'invalidOption' }, JSON.stringify(options));
    }
  });

  it('a method that looks at inputs without data; without a method it then goes by magnitude', async () => {
    for (const method of ['wanda', 'sparsegpt'] as const) await assert.rejects(pruned(model(), { method }), { code: 'dataNeeded' });
    const [plain, magnitude] = [await pruned(model()), await pruned(model(), { method: 'magnitude' })];
    assert.deepEqual(await encodeModel(plain.model), await encodeModel(magnitude.model));
    const [chosen, wanda] = [await pruned(model(), {}, samples(8, [8])), await pruned(model(), { method: 'wanda' }, samples(8, [8]))];
    assert.deepEqual(await encodeModel(chosen.model), await encodeModel(wanda.model));
    assert.notDeepEqual(await encodeModel(chosen.model), await encodeModel(plain.model));
  });

  it('a quantized model', async () => {
    const { model: int8 } = await quantized(small({ nodes: [node('Conv', ['x', 'w'], ['y'])], constants: { w: floats([4, 3, 1, 1]) } }));
    await assert.rejects(pruned(int8), { code: 'alreadyQuantized' });
  });

  it('a model without such layers, saying what stood in the way', async () => {
    await assert.rejects(pruned(small({ nodes: [node('Relu', ['x'], ['y'])], constants: {} })), { code: 'nothingToPrune', params: { detail: 'problem.noWeights' } });
    await assert.rejects(pruned(model(), { ignore: ['*'] }), (error: { code: string; message: string }) =>
      error.code === 'nothingToPrune' && error.message.endsWith('Layer "h" keeps all its weights: it is in "ignore".'));
    await assert.rejects(pruned(model(), { ignore: ['layer9'] }), { code: 'ignoreMatchesNothing' });
  });

  it('nothing when there are few samples, but tells', async () => {
    const { findings } = await pruned(model(), { method: 'wanda' }, samples(5, [8]));
    assert.deepEqual(findings.filter(({ code }) => code === 'finding.fewSamples').map(({ params }) => params), [{ count: 5, wanted: 128 }]);
  });
});

describe('stages of prune.weights', () => {
  it('hold as many weights as there is memory for their sums, at least one', async () => {
    const { weights } = await findWeights(model(), { isIgnored: () => false, everyLayer: true });
    const names = (bytes: number): string[][] => stagesOf(weights, 'gram', { kind: 'share', share: 0.5 }, bytes).map((stage) => stage.map(({ weight }) => weight.name));
    const one = 8 * 8 * 8;
    assert.deepEqual(names(2 * one), [['a', 'b']]);
    assert.deepEqual(names(2 * one - 1), [['a'], ['b']]);
    assert.deepEqual(names(1), [['a'], ['b']]);
  });

  it('stop when cancelled, and a resumed run goes on from the checkpoint to the same bytes', async () => {
    const data = samples(8, [8]);
    const whole = await encodeModel((await pruned(model(), { method: 'sparsegpt' }, data)).model);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    const checkpoint = { load: () => Promise.resolve(saved), save: (bytes: Uint8Array) => { saved = bytes; return Promise.resolve(); } };
    let steps = 0;
    const progress: PassContext['progress'] = ({ activity }) => {
      steps += activity === 'progress.pruning' ? 1 : 0;
      if (steps === 2) controller.abort();
    };
    await assert.rejects(pruned(model(), { method: 'sparsegpt' }, data, { signal: controller.signal, checkpoint, progress }), { code: 'cancelled' });
    assert.ok(saved);

    let sessions = 0;
    const runtime: PassContext['runtime'] = { ...testRuntime, createSession: (...args) => { sessions += 1; return testRuntime.createSession(...args); } };
    const resumed = await pruned(model(), { method: 'sparsegpt' }, data, { checkpoint, runtime });
    assert.equal(sessions, 0);
    assert.deepEqual(await encodeModel(resumed.model), whole);
    // Bytes of other settings are no use.
    await pruned(model(), { method: 'sparsegpt', sparsity: 0.25 }, data, { checkpoint, runtime });
    assert.ok(sessions > 0);
  });

  it('stop while samples are run', async () => {
    const controller = new AbortController();
    const progress: PassContext['progress'] = ({ activity }) => { if (activity === 'progress.calibrating') controller.abort(); };
    await assert.rejects(pruned(model(), { method: 'wanda', samples: 8 }, samples(8, [8]), { signal: controller.signal, progress }), { code: 'cancelled' });
  });
});
