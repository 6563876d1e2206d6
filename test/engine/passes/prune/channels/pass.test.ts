// prune.channels on small graphs: exact counts, options, refusals, determinism.

import assert from 'node:assert/strict';
import { int } from '../../../../../src/engine/ir/attributes';
import type { Model } from '../../../../../src/engine/ir/model';
import { numberAt } from '../../../../../src/engine/data/preprocess/cast';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import { seededRandom } from '../../../../../src/engine/random';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { assertSameOutputs } from '../../../../support/models';
import { Net } from '../../../../support/pruning';
import { contextFor, samples } from '../../quantize/staticSupport';
import { bytesOf, runPass } from '../../train/trainSupport';

/** Two hidden convolutions of 32 and 16 channels, and a classifier of 5. */
async function chain(): Promise<Model> {
  const net = new Net();
  const x = net.input([1, 3, 6, 6]);
  const first = net.node('Relu', [net.conv(x, 3, 32, { kernel: 3 })]);
  const second = net.node('Relu', [net.conv(first, 32, 16, { kernel: 3 })]);
  net.output(net.node('Gemm', [net.node('Flatten', [net.node('GlobalAveragePool', [second])]), net.weight(16, 5)]));
  const model = await net.model();
  // The name that the samples here have.
  model.graph.inputs = model.graph.inputs.map((input) => ({ ...input, name: 'x' }));
  for (const node of model.graph.nodes) node.inputs = node.inputs.map((name) => (name === x ? 'x' : name));
  return model;
}

async function prune(model: Model, options: Readonly<Record<string, unknown>>, data?: Dataset): Promise<PassOutcome> {
  return runPass('prune.channels', model, options, contextFor(model, data));
}

const formsOf = ({ forms }: PassOutcome): string[] => [...forms.values()].map(({ text }) => text);

/** MACs of the chain by the widths of its convolutions. */
const macs = (first: number, second: number): number => 36 * 9 * (3 * first + first * second) + second * 5;

/** The criteria that need no data. */
const blind = ['l1', 'l2', 'fpgm', 'random'];

describe('prune.channels', function () {
  this.timeout(20_000);

  for (const criterion of blind) {
    it(`${criterion}: meets the target within a grain, and says what is left`, async () => {
      const model = await chain();
      const outcome = await prune(model, { macs: 0.5, criterion, grain: 8 });
      const widths = [...outcome.model.graph.initializers.values()].filter(({ dims }) => dims.length === 4).map(({ dims }) => dims[0] ?? 0);
      const [first = 0, second = 0] = widths;
      assert.ok(widths.every((width) => width % 8 === 0), widths.join());
      assert.ok(macs(first, second) <= macs(32, 16) / 2, 'over the target');
      for (const [a, b] of [[first + 8, second], [first, second + 8]] as const) assert.ok(a > 32 || b > 16 || macs(a, b) > macs(32, 16) / 2, 'one grain more would do');
      assert.ok(formsOf(outcome).some((form) => new RegExp(`^${first} of 32 channels$`, 'u').test(form)) || first === 32, formsOf(outcome).join());
      assert.ok(outcome.findings.some(({ code, text }) => code === 'finding.layerLocked' && /whose shape stays/u.test(text)));
    });
  }

  it('takes the smallest: channels of zeros change nothing', async () => {
    const model = await chain();
    const names = [...model.graph.initializers].filter(([, { dims }]) => dims[0] === 32).map(([name]) => name);
    // Every other channel of the first convolution makes 0, and what reads it does not count.
    for (const name of names) await zeroRows(model, name, 0, (row) => row % 2 === 1);
    const reader = [...model.graph.initializers].find(([, { dims }]) => dims.length === 4 && dims[1] === 32)?.[0] ?? '';
    await zeroRows(model, reader, 1, (row) => row % 2 === 1);
    const outcome = await prune(model, { parameters: 0.51, criterion: 'l2', grain: 1, minimum: 16 });
    assert.deepEqual(formsOf(outcome).sort(), ['16 of 32 channels', 'reads 16 of 32 channels']);
    await assertSameOutputs(model, outcome.model, 1e-6);
  });

  it('leaves ignored layers, keeps minimum widths, and takes the same share of all with scope uniform', async () => {
    const model = await chain();
    const [first, second] = model.graph.nodes.filter(({ opType }) => opType === 'Conv').map(({ outputs }) => outputs[0] ?? '');
    const kept = await prune(model, { macs: 0.6, criterion: 'l1', grain: 1, ignore: [first] });
    assert.equal(kept.forms.has(first ?? ''), false);
    assert.match(kept.forms.get(second ?? '')?.text ?? '', /of 16 channels/u);
    const narrow = await prune(model, { macs: 0.5, criterion: 'l1', grain: 1, minimum: 15 });
    assert.ok(narrow.model.graph.initializers.size > 0 && [...narrow.model.graph.initializers.values()].every(({ dims }) => dims.length !== 4 || (dims[0] ?? 0) >= 15));
    const uniform = await prune(model, { macs: 0.3, criterion: 'l1', grain: 1, scope: 'uniform' });
    const [a = 0, b = 0] = [...uniform.model.graph.initializers.values()].filter(({ dims }) => dims.length === 4).map(({ dims }) => dims[0] ?? 0);
    assert.ok(Math.abs(a / 32 - b / 16) <= 1 / 16, `${a} of 32, ${b} of 16`);
  });

  it('counts bytes and absolute numbers', async () => {
    const model = await chain();
    const weights = (of: Model): number => [...of.graph.initializers.values()].reduce((sum, { type, dims }) => sum + (type === 'float32' ? 4 : 8) * dims.reduce((a, b) => a * b, 1), 0);
    const outcome = await prune(model, { bytes: '12kB', criterion: 'l2', grain: 1 });
    assert.ok(weights(outcome.model) <= 12_000 && weights(outcome.model) > 11_000, String(weights(outcome.model)));
    const parameters = await prune(model, { parameters: 3000, criterion: 'l2', grain: 1 });
    assert.ok(weights(parameters.model) <= 12_000, String(weights(parameters.model)));
  });

  it('looks at activations and gradients, also without labels, and repeats itself', async () => {
    const model = await chain();
    const data = samples(16, [3, 6, 6]);
    for (const criterion of ['taylor', 'hessian', 'activation', 'random']) {
      const [one, other] = [await prune(model, { criterion, samples: 16 }, data), await prune(model, { criterion, samples: 16 }, data)];
      assert.ok((await bytesOf(one)).equals(await bytesOf(other)), criterion);
    }
  });

  it('refuses what cannot be, and says how far it can go', async () => {
    const model = await chain();
    await assert.rejects(prune(model, { macs: 0.001, criterion: 'l2' }), { code: 'pruneTargetUnreachable' });
    await assert.rejects(prune(model, { macs: 0.5, criterion: 'l2', minimum: 32 }), /\(1 of before\)\. Nothing may go as the options are\. A smaller "grain" \(now 8\) or "minimum" \(now 32\) lets more go\.$/u);
    await assert.rejects(prune(model, { macs: 0.5, parameters: 0.5 }), { code: 'invalidOption' });
    await assert.rejects(prune(model, { bytes: 'much' }), { code: 'invalidOption' });
    await assert.rejects(prune(model, { parameters: 1e9, criterion: 'l2' }), /takes only/u);
    await assert.rejects(prune(model, { criterion: 'taylor' }), { code: 'criterionNeedsData' });
    await assert.rejects(prune(model, { criterion: 'bn' }), /BatchNormalization/u);
    await assert.rejects(prune(model, { ignore: ['nowhere*'] }), { code: 'ignoreMatchesNothing' });
    await assert.rejects(prune(model, { ignore: ['conv*'] }), { code: 'nothingToPrune' });
  });

  it('refuses before anything is trained, and tells the share of the model as it was', async () => {
    const model = await chain();
    const data = samples(16, [3, 6, 6]);
    // A grain of 16 leaves 16 channels of each.
    const share = Math.ceil((macs(16, 16) / macs(32, 16)) * 1000) / 1000;
    const options = { macs: 0.3, criterion: 'l2', grain: 16, steps: 2, samples: 16 };
    const message = new RegExp(`\\(${share} of before\\)\\. Ask for ${share} or more\\. A smaller "grain" \\(now 16\\) lets more go\\.$`, 'u');
    const trained = (): never => assert.fail('trained');
    for (const training of [{}, { recover: { epochs: 1 } }, { slim: { epochs: 1 } }]) {
      await assert.rejects(runPass('prune.channels', model, { ...options, ...training }, { ...contextFor(model, data), apply: trained, progress: ({ activity }) => { assert.doesNotMatch(activity, /training/u); } }), message);
    }
  });

  it('names the criterion where it says nothing about groups that would have to go', async () => {
    const net = new Net();
    const first = net.node('BatchNormalization', [net.conv(net.input([1, 3, 6, 6]), 3, 16), net.positive(16), net.weight(16), net.weight(16), net.positive(16)]);
    net.output(net.conv(net.node('Relu', [net.conv(net.node('Relu', [first]), 16, 64)]), 64, 4));
    const model = await net.model();
    await assert.rejects(prune(model, { macs: 0.2, criterion: 'bn' }), /The criterion \(.+\) says nothing about 1 groups of layers, which stay as they are: choose another "criterion"\.$/u);
    assert.ok((await prune(model, { macs: 0.2, criterion: 'l2', grain: 1 })).forms.size > 0);
  });

  it('has the grains of the first step in all steps', async () => {
    const net = new Net();
    let made = net.input([1, 3, 6, 6]);
    for (const [from, to] of [[3, 64], [64, 64], [64, 64]] as const) made = net.node('Relu', [net.conv(made, from, to, { kernel: 3 })]);
    net.output(net.conv(made, 64, 4));
    const model = await net.model();
    for (const steps of [1, 2, 4]) {
      const outcome = await runPass('prune.channels', model, { macs: 0.1, criterion: 'l2', steps }, { ...contextFor(model, undefined), target: { provider: 'cpu', wideAccumulation: true, channelBlock: 16 } });
      const widths = [...outcome.model.graph.initializers.values()].filter(({ dims }) => dims.length === 4).map(({ dims }) => dims[0] ?? 0);
      assert.ok(widths.slice(0, 3).every((width) => width % 16 === 0 && width < 64), `${steps}: ${widths.join()}`);
    }
  });

  it('takes a finer grain in narrow layers where the usual one would miss the target by much, and says so', async () => {
    const net = new Net();
    net.output(net.conv(net.node('Relu', [net.conv(net.input([1, 3, 6, 6]), 3, 12)]), 12, 4));
    const model = await net.model();
    const outcome = await prune(model, { macs: 0.5, criterion: 'l2' });
    assert.deepEqual(formsOf(outcome).sort(), ['6 of 12 channels', 'reads 6 of 12 channels']);
    assert.ok(outcome.findings.some(({ code, params }) => code === 'finding.finerGrain' && params['narrow'] === 2 && params['usual'] === 8));
    await assert.rejects(prune(model, { macs: 0.5, criterion: 'l2', grain: 8 }), { code: 'pruneTargetUnreachable' });
  });

  it('goes on with the choices of a run that was stopped, whatever it would choose now', async () => {
    const model = await chain();
    const chosenWith = async (seed: number, kept: Map<string, Uint8Array>): Promise<Buffer> => bytesOf(await runPass('prune.channels', model, { macs: 0.5, criterion: 'random', steps: 2 }, {
      ...contextFor(model, undefined), random: seededRandom(seed), checkpoint: { load: () => Promise.resolve(kept.get('own')), save: (bytes) => { kept.set('own', bytes.slice()); return Promise.resolve(); } },
    }));
    const kept = new Map<string, Uint8Array>();
    const first = await chosenWith(1, kept);
    assert.ok(!first.equals(await chosenWith(2, new Map())));
    assert.ok(first.equals(await chosenWith(2, kept)));
  });

  it('refuses models with nothing to prune, and quantized ones', async () => {
    const net = new Net();
    net.output(net.dense(net.input([1, 4]), 4, 4));
    await assert.rejects(prune(await net.model(), {}), { code: 'nothingToPrune' });
    const quantized = new Net();
    const x = quantized.input([1, 3, 6, 6]);
    const [q = '', scale = '', zero = ''] = quantized.several('DynamicQuantizeLinear', [x], 3);
    quantized.output(quantized.conv(quantized.node('DequantizeLinear', [q, scale, zero]), 3, 8));
    await assert.rejects(prune(await quantized.model(), {}), { code: 'alreadyQuantized' });
  });

  it('keeps at least a grain of depthwise channels in step with what makes them', async () => {
    const net = new Net();
    const x = net.input([1, 3, 6, 6]);
    const wide = net.conv(x, 3, 32);
    net.output(net.conv(net.conv(wide, 32, 32, { kernel: 3, group: 32 }), 32, 4));
    const outcome = await prune(await net.model(), { macs: 0.5, criterion: 'l1' });
    assert.deepEqual(formsOf(outcome).sort(), ['16 of 32 channels', '16 of 32 channels', 'reads 16 of 32 channels']);
    assert.deepEqual(outcome.model.graph.nodes.map(({ attributes }) => attributes.get('group')), [int(1), int(16), int(1)]);
  });
});

async function zeroRows(model: Model, name: string, axis: number, isZero: (row: number) => boolean): Promise<void> {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  const array = await readTensor(tensor);
  const at = numberAt(array);
  const inner = tensor.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: array.data.length }, (_, index) => (isZero(Math.floor(index / inner) % (tensor.dims[axis] ?? 1)) ? 0 : at(index)));
  model.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data }));
}
