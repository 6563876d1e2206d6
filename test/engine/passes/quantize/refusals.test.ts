import assert from 'node:assert/strict';
import { ints } from '../../../../src/engine/ir/attributes';
import type { Model } from '../../../../src/engine/ir/model';
import { validateOptions } from '../../../../src/engine/passes/recipe';
import { quantizeStatic } from '../../../../src/engine/passes/quantize/static';
import type { StaticOptions } from '../../../../src/engine/passes/quantize/options';
import { contextFor, defaults, find, floats, node, quantized, samples, small } from './staticSupport';

const conv = (input: string, output: string) => node('Conv', [input, 'w'], [output], { kernel_shape: ints([1, 1]) }, { name: `node_${output}` });
const model = (): Model => small({ nodes: [conv('x', 'one'), conv('one', 'two'), conv('two', 'y')], constants: { w: floats([3, 3, 1, 1]) } });

describe('what quantize.static refuses', () => {
  const planned: readonly [string, Partial<StaticOptions>][] = [
    ['effort', { effort: 'balanced' }], ['effort', { effort: 'best' }], ['calibration', { calibration: 'entropy' }], ['calibration', { calibration: 'moving' }],
    ['activations', { activations: 'u16' }], ['bits.weights', { bits: { weights: 4, activations: 8 } }],
    ['bits.activations', { bits: { weights: 8, activations: 16 } }], ['equalize', { equalize: true }], ['smooth', { smooth: true }],
    ['rounding', { rounding: 'adaround' }], ['calibrationData', { calibrationData: 'synthetic' }],
  ];
  for (const [path, options] of planned) {
    it(`${path} ${JSON.stringify(options)}, by name, in the recipe and in the pass`, async () => {
      await assert.rejects(quantized(model(), options), (error: { code: string; params: Record<string, unknown> }) =>
        error.code === 'optionNotReady' && error.params['path'] === path);
      assert.throws(() => validateOptions(quantizeStatic, { ...options }), { code: 'optionNotReady' });
    });
  }

  it('takes its own defaults through the recipe check', () => {
    assert.deepEqual(validateOptions(quantizeStatic, {}), defaults({ samples: 256 }));
    for (const reduceRange of ['auto', true, false]) assert.equal(validateOptions(quantizeStatic, { reduceRange })['reduceRange'], reduceRange);
    assert.throws(() => validateOptions(quantizeStatic, { percentile: 101 }), { code: 'invalidOption' });
  });

  it('a model that is quantized already, naming the first such node', async () => {
    const { model: once } = await quantized(model());
    await assert.rejects(quantized(once), { code: 'alreadyQuantized', node: 'x_q' });
  });

  it('no data, or data without a split to calibrate with', async () => {
    await assert.rejects(quantizeStatic.run(model(), defaults(), contextFor(model(), undefined)), { code: 'dataNeeded' });
    const data = samples(4);
    const split = data.splits.get('train');
    assert.ok(split);
    const named = { ...data, splits: new Map([['test', split], ['validation', split]]) };
    await assert.rejects(quantized(model(), {}, named), { code: 'splitMissing' });
  });

  it('a model without layers to quantize', async () => {
    await assert.rejects(quantized(small({ nodes: [node('Relu', ['x'], ['y'])], constants: {} })), { code: 'nothingToQuantize' });
    await assert.rejects(quantized(model(), { ignore: ['*'] }), { code: 'nothingToQuantize' });
  });

  it('leaves ignored layers, by layer id, node name and pattern, and refuses a pattern that matches nothing', async () => {
    for (const ignore of [['two'], ['node_two'], ['*tw?']]) {
      const { model: after, forms, findings } = await quantized(model(), { ignore });
      assert.equal(find(after, 'Conv', 1).inputs[1], 'w');
      assert.equal(forms.get('two')?.code, 'form.float');
      assert.deepEqual(findings.map(({ code, params }) => [code, params['layer'], params['why']]), [['finding.layerKeptFloat', 'two', 'why.ignored']]);
    }
    await assert.rejects(quantized(model(), { ignore: ['three'] }), { code: 'ignoreMatchesNothing', params: { pattern: 'three', option: 'ignore' } });
  });

  it('integer operators on a provider that has none', async () => {
    await assert.rejects(quantized(model(), { format: 'qoperator' }, samples(4), { target: { provider: 'cuda', wideAccumulation: true } }), (error: { code: string; params: Record<string, unknown> }) =>
      error.code === 'invalidOption' && error.params['path'] === 'format' && error.params['allowed'] === 'qdq');
  });

  it('tells when there are fewer samples than wanted', async () => {
    const { findings } = await quantized(model(), { samples: 256 }, samples(5));
    assert.deepEqual(findings.map(({ params }) => params), [{ count: 5, wanted: 256 }]);
  });
});
