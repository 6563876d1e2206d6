// The passes that decompose, on small models: budgets, rules, what is reported, determinism, going on after a kill.

import assert from 'node:assert/strict';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import { isOp, type Model } from '../../../../src/engine/ir/model';
import { costsOf } from '../../../../src/engine/passes/costs';
import { joinForms } from '../../../../src/engine/passes/joinForms';
import type { PassContext } from '../../../../src/engine/passes/pass';
import { seededRandom } from '../../../../src/engine/random';
import { said } from '../../../../src/protocol/text/index';
import { assertSameOutputs, outputsOf } from '../../../support/models';
import { Net } from '../../../support/pruning';
import { storedCheckpoint } from '../../../support/storedCheckpoint';
import { fakeClock, layerMacs } from '../prune/latency/fakeClock';
import { contextFor, samples } from '../quantize/staticSupport';
import { bytesOf } from '../train/trainSupport';
import { convolutions, decompose, smallNet, texts, withInputX } from './passSupport';

/** The model with a kernel of matrix rank 2. */
function withLowRank(model: Model, name: string): void {
  const tensor = model.graph.initializers.get(name);
  assert.ok(tensor !== undefined);
  const [rows = 0, ...rest] = tensor.dims;
  const columns = rest.reduce((product, size) => product * size, 1);
  const random = seededRandom(9);
  const [left, right] = [Array.from({ length: rows * 2 }, () => random() - 0.5), Array.from({ length: columns * 2 }, () => random() - 0.5)];
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return (left[2 * row] ?? 0) * (right[2 * column] ?? 0) + (left[2 * row + 1] ?? 0) * (right[2 * column + 1] ?? 0);
  });
  model.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data }));
}

function kernelOf(model: Model, place: number): { readonly output: string; readonly weight: string } {
  const node = model.graph.nodes.filter((one) => isOp(one, 'Conv'))[place];
  return { output: node?.outputs[0] ?? '', weight: node?.inputs[1] ?? '' };
}

describe('passes that decompose', function () {
  this.timeout(30_000);

  for (const pass of ['decompose', 'decompose.svd', 'decompose.tucker', 'decompose.spatial', 'decompose.cp']) {
    for (const data of [undefined, samples(24)]) {
      it(`${pass} ${data === undefined ? 'without' : 'with'} data: meets the budget and tells what became of layers`, async () => {
        const model = await smallNet();
        const [before, wanted] = [await costsOf(model, {}), 0.7];
        const outcome = await decompose(pass, model, { macs: wanted, grain: 1 }, data === undefined ? {} : { data });
        const after = await costsOf(outcome.model, {});
        assert.ok((after.macs ?? NaN) <= wanted * (before.macs ?? NaN), texts(outcome));
        const { factors = [] } = outcome;
        assert.ok(factors.length > 0 && factors.length === outcome.forms.size);
        const saved = (of: 'macs' | 'parameters'): number => factors.reduce((sum, one) => sum + ((one[of]?.[0] ?? NaN) - (one[of]?.[1] ?? NaN)), 0);
        assert.equal((before.macs ?? NaN) - (after.macs ?? NaN), saved('macs'));
        assert.equal((before.parameters ?? NaN) - (after.parameters ?? NaN), saved('parameters'));
        for (const { layer, method, modes, weightError, activationError, latency } of factors) {
          const ranks = (of: 'kept' | 'full'): string => modes.map((mode) => mode[of]).join(' x ');
          assert.match(outcome.forms.get(layer)?.text ?? '', new RegExp(`rank ${ranks('kept')} of ${ranks('full')}$`, 'u'));
          if (pass !== 'decompose') assert.equal(`decompose.${method}`, pass);
          assert.ok(weightError > 0 && weightError < 1);
          assert.equal(activationError === null, data === undefined);
          assert.ok(latency !== null && latency[1] < latency[0]);
          for (const { values, kept, full } of modes) {
            assert.ok(values.length > 0 && values.length <= 64 && values[0] === 1 && kept <= full);
            assert.ok(values.every((value, at) => at === 0 || value <= (values[at - 1] ?? 0) + 1e-9));
          }
        }
        for (const { outputs: [output = ''] } of outcome.model.graph.nodes) assert.ok(outcome.origins.get(output)?.length === 1, output);
      });
    }
  }

  it('energy: finds the rank that is there, and gives what the model gave', async () => {
    const model = await smallNet();
    const { output, weight } = kernelOf(model, 1);
    withLowRank(model, weight);
    const outcome = await decompose('decompose.svd', model, { ranks: { energy: 0.999999 }, grain: 1, refit: false });
    assert.deepEqual([...outcome.forms].map(([layer, { text }]) => [layer, text]), [[output, 'SVD, rank 2 of 32']]);
    await assertSameOutputs(model, outcome.model, 1e-5);
    assert.match(texts(outcome), /finding\.layersNotDecomposed: 2 layers stay whole/u);
  });

  for (const macs of [0.9, 0.8, 0.7]) {
    it(`a budget of ${macs} with data takes nothing from a kernel of low rank that it has`, async () => {
      const model = await smallNet();
      const { output, weight } = kernelOf(model, 1);
      withLowRank(model, weight);
      const { factors = [] } = await decompose('decompose.svd', model, { macs, grain: 1 }, { data: samples(24) });
      assert.deepEqual(factors.map(({ layer }) => layer), [output]);
      assert.ok(factors.every(({ weightError }) => weightError < 1e-6), JSON.stringify(factors.map(({ modes, weightError }) => [modes[0]?.kept, weightError])));
    });
  }

  it('ratio: no layer has more of its parameters, and ranks are on the grain', async () => {
    const outcome = await decompose('decompose', await smallNet(), { ranks: { ratio: 0.5 }, grain: 4, methods: ['svd', 'tucker'] });
    assert.ok((outcome.factors ?? []).length >= 2, texts(outcome));
    for (const { parameters: [before, after], modes } of outcome.factors ?? []) {
      assert.ok(after <= before / 2);
      assert.ok(modes.every(({ kept, full }) => kept % 4 === 0 || kept === full));
    }
  });

  it('evbmf: finds the rank of a kernel of low rank under noise', async () => {
    const model = await smallNet();
    const { output, weight } = kernelOf(model, 1);
    withLowRank(model, weight);
    const tensor = model.graph.initializers.get(weight);
    assert.ok(tensor !== undefined);
    const random = seededRandom(2);
    const data = (((await readTensor(tensor)).data) as Float32Array).map((value) => value + 0.01 * (random() + random() + random() - 1.5));
    model.graph.initializers.set(weight, tensorFrom(weight, { type: 'float32', dims: tensor.dims, data }));
    const outcome = await decompose('decompose.svd', model, { ranks: 'evbmf', grain: 1 });
    assert.equal(outcome.forms.get(output)?.text, 'SVD, rank 2 of 32');
  });

  it('shares what was shared: factors are stored once', async () => {
    const net = new Net();
    const x = net.input([4, 32]);
    const weight = net.weight(32, 32);
    const first = net.node('Relu', [net.node('MatMul', [x, weight])]);
    net.output(net.node('MatMul', [first, weight]));
    const model = await net.model();
    const outcome = await decompose('decompose.svd', model, { parameters: 0.5, grain: 8 });
    const [{ parameters: [, after], layer } = { parameters: [0, 0], layer: '' }, ...others] = outcome.factors ?? [];
    assert.equal(others.length, 0);
    assert.equal(after, (await costsOf(outcome.model, {})).parameters);
    assert.ok(outcome.forms.has(layer) && outcome.forms.size === 2);
  });

  it('decomposes weights of zeros without trouble', async () => {
    const model = await smallNet();
    const { weight } = kernelOf(model, 1);
    const tensor = model.graph.initializers.get(weight);
    assert.ok(tensor !== undefined);
    model.graph.initializers.set(weight, tensorFrom(weight, { type: 'float32', dims: tensor.dims, data: new Float32Array(16 * 32 * 9) }));
    for (const method of ['svd', 'spatial', 'tucker', 'cp']) {
      const outcome = await decompose(`decompose.${method}`, model, { macs: 0.6, grain: 1 }, { data: samples(8) });
      await assertSameOutputs(model, outcome.model, 1e-3);
    }
  });

  it('leaves layers whose factors take longer, says so with times, and saves elsewhere', async () => {
    const model = await smallNet();
    const { output } = kernelOf(model, 1);
    // What reads the 16 channels is slow as a factor: its output is not the layer's.
    const clock = fakeClock((node, shapes, macs) => (!/^made\d+$/u.test(node.outputs[0] ?? '') && shapes.tensors.get(node.inputs[0] ?? '')?.shape?.[1] === 16 ? 10 * macs : macs));
    const outcome = await decompose('decompose.svd', model, { ranks: { ratio: 0.5 }, grain: 1 }, { clock });
    assert.ok(!outcome.forms.has(output));
    assert.match(texts(outcome), /measured alone, (?:it takes|their factors)/u);
    const untimed = await decompose('decompose.svd', model, { ranks: { ratio: 0.5 }, grain: 1, measure: false }, { clock });
    assert.ok(untimed.forms.has(output));
    assert.deepEqual((untimed.factors ?? []).map(({ latency }) => latency).filter((latency) => latency !== null), []);
  });

  it('says so where no factors are faster, and leaves the model as it is', async () => {
    const model = await smallNet();
    // A layer takes the same time whatever its size: two take twice that.
    const outcome = await decompose('decompose.svd', model, { macs: 0.7, grain: 1 }, { clock: fakeClock(() => 1) });
    assert.equal(convolutions(outcome.model), convolutions(model));
    assert.match(texts(outcome), /finding\.nothingDecomposed/u);
    assert.match(texts(outcome), /finding\.decomposeMissed/u);
    assert.equal(outcome.forms.size, 0);
  });

  it('meets a latency, by ranks that were timed', async () => {
    const model = await smallNet();
    const clock = fakeClock(layerMacs);
    const outcome = await decompose('decompose', model, { latency: 0.6, grain: 1, methods: ['svd', 'spatial', 'tucker'] }, { clock, data: samples(16) });
    const [before = NaN, after = NaN] = await clock([model, outcome.model], {});
    assert.ok(after <= 0.6 * before && after > 0.4 * before, `${after / before}`);
    assert.match(texts(outcome), /finding\.latencyMet/u);
  });

  it('gives the same model for the same seed, and after a kill goes on with the choice it had', async () => {
    const model = await smallNet();
    const data = samples(16);
    let timed = 0;
    const clock: typeof plain = (...args) => {
      timed += 1;
      return plain(...args);
    };
    const plain = fakeClock(layerMacs);
    const checkpoint = storedCheckpoint();
    const run = (context: Parameters<typeof decompose>[3] = {}): Promise<Buffer> => decompose('decompose', model, { macs: 0.6, grain: 1 }, { data, clock, ...context }).then(bytesOf);
    const once = await run({ context: { random: seededRandom(7), checkpoint } });
    assert.ok(timed > 0 && checkpoint.bytes() !== undefined);
    assert.deepEqual(await run({ context: { random: seededRandom(7) } }), once);
    timed = 0;
    assert.deepEqual(await run({ context: { random: seededRandom(7), checkpoint } }), once);
    assert.equal(timed, 0);
  });

  it('stops when it is cancelled, and reports progress that only grows', async () => {
    const model = await smallNet();
    const seen: number[] = [];
    const looks: number[] = [];
    const progress: PassContext['progress'] = ({ fraction, activity }) => {
      seen.push(fraction ?? 0);
      if (activity === 'progress.calibrating') looks.push(fraction ?? 0);
    };
    await decompose('decompose', model, { macs: 0.6 }, { data: samples(16), context: { progress } });
    assert.ok(seen.length > 3 && seen.every((fraction, at) => fraction >= (seen[at - 1] ?? 0) && fraction <= 1), seen.join());
    assert.ok(looks.length > 1 && new Set(looks).size === looks.length, 'moves while layers are looked at');
    await assert.rejects(decompose('decompose', model, { macs: 0.6 }, { context: { signal: AbortSignal.abort() } }), { code: 'cancelled' });
  });

  it('trains afterwards, with the original as the teacher', async () => {
    const model = await smallNet();
    const applied: unknown[] = [];
    const outcome = await decompose('decompose.svd', model, { macs: 0.6, recover: { epochs: 1 } }, {
      data: samples(16),
      context: {
        apply: (id, small, _options, inner) => {
          applied.push([id, inner?.original === model]);
          return Promise.resolve({ model: small, origins: inner?.origins ?? new Map(), forms: new Map([['flatten8', said('form.trained')]]), findings: [] });
        },
      },
    });
    assert.deepEqual(applied, [['distill', true]]);
    assert.ok([...outcome.forms.values()].some(({ code }) => code === 'form.decomposed'));
  });

  it('keeps in the form what later passes do to a decomposed layer', () => {
    const form = said('form.decomposed', { method: 'form.method.tucker', ranks: '8 x 8', full: '16 x 16' });
    assert.equal(joinForms(form, said('form.int8PerChannel')).text, 'Tucker, rank 8 x 8 of 16 x 16, int8 per channel');
    assert.equal(joinForms(form, said('form.trained')), form);
    assert.match(joinForms(form, said('form.pruned', { kept: 8, total: 16, kind: 'form.units.channels' })).text, /^Tucker, rank 8 x 8 of 16 x 16, 8 of 16 channels$/u);
    assert.equal(joinForms(form, said('form.removed')).code, 'form.removed');
  });

  it('tells the errors of weights and of outputs in one unit: norm over norm', async () => {
    const net = new Net();
    net.output(net.node('Conv', [net.input([1, 3, 8, 8]), net.weight(16, 3, 3, 3)]));
    const model = withInputX(await net.model());
    const data = samples(1);
    const { model: smaller, factors: [factors] = [] } = await decompose('decompose.svd', model, { ranks: { ratio: 0.4 }, refit: false, grain: 1, measure: false }, { data });
    const { inputs } = await (data.splits.get('train') ?? assert.fail()).read(0, 1);
    const [whole, split] = await Promise.all([model, smaller].map(async (one) => Object.values(await outputsOf(one, inputs))[0]?.data as Float32Array));
    assert.ok(whole !== undefined && split !== undefined);
    const error = Math.hypot(...whole.map((value, at) => value - (split[at] ?? NaN))) / Math.hypot(...whole);
    assert.ok(error > 0.05 && Math.abs((factors?.activationError ?? NaN) - error) < 1e-3 * error, `${factors?.activationError} instead of ${error}`);
  });

  it('works by weights alone where activations are not to be looked at', async () => {
    const model = await smallNet();
    const { data } = contextFor(model, samples(16));
    assert.ok(data !== undefined);
    const ranks = { ratio: 0.4 };
    const [aware, plain] = await Promise.all([true, false].map((activations) => decompose('decompose.svd', model, { ranks, activations, refit: false, grain: 1, measure: false }, { data })));
    const missed = (outcome: typeof aware): readonly number[] => (outcome?.factors ?? []).map(({ activationError }) => activationError ?? NaN);
    const lost = (outcome: typeof aware): readonly number[] => (outcome?.factors ?? []).map(({ weightError }) => weightError);
    assert.ok(missed(aware).length > 0);
    missed(aware).forEach((error, layer) => assert.ok(error <= (missed(plain)[layer] ?? NaN) + 1e-9));
    lost(plain).forEach((share, layer) => assert.ok(share <= (lost(aware)[layer] ?? NaN) + 1e-9));
  });
});
