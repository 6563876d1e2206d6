// What pruning says about itself is true: why nothing can go, how many samples were looked at, which layers were left, and
// where patterns and ranks no longer hold.

import assert from 'node:assert/strict';
import { EngineError } from '../../../../src/engine/error';
import { isOp, type Model } from '../../../../src/engine/ir/model';
import type { Session } from '../../../../src/engine/ports';
import type { PassContext, PassOutcome } from '../../../../src/engine/passes/pass';
import { validateRecipe } from '../../../../src/engine/passes/recipe';
import { testRuntime } from '../../../support/passContext';
import { contextFor, floats, node, samples, small } from '../quantize/staticSupport';
import { runPass } from '../train/trainSupport';
import { convolutional, fedByX, preActivated } from './blocks/nets';
import { behindConvolution, CHANNELS, fit, withoutCopies } from '../refit/refitSupport';

const image = [3, 8, 8];

const prune = (pass: string, model: Model, options: Readonly<Record<string, unknown>>, count?: number, more: Partial<PassContext> = {}): Promise<PassOutcome> =>
  runPass(pass, model, options, { ...contextFor(model, count === undefined ? undefined : samples(count, image)), ...more });

const found = ({ findings }: PassOutcome, code: string): readonly string[] => findings.filter((finding) => finding.code === code).map(({ text }) => text);

/** Two convolutions in a row. */
function chain(): Model {
  return small({
    nodes: [node('Conv', ['x', 'v'], ['a']), node('Relu', ['a'], ['h']), node('Conv', ['h', 'w'], ['b']), node('Relu', ['b'], ['g']), node('Conv', ['g', 'u'], ['y'])],
    constants: { v: floats([16, 3, 1, 1], 1), w: floats([16, 16, 1, 1], 2), u: floats([4, 16, 1, 1], 3) },
  });
}

/** Says what the refusal of a pass puts in the place of its detail. */
const refusedFor = (detail: string) => (error: unknown): boolean => error instanceof EngineError && error.code === 'nothingToPrune' && error.params['detail'] === detail;

describe('what pruning tells', function () {
  this.timeout(20_000);

  it('why nothing can go: all is ignored, a layer is locked, or there are no units', async () => {
    await assert.rejects(prune('prune.channels', chain(), { ignore: ['*'] }), refusedFor('problem.allIgnored'));
    const alone = small({ nodes: [node('Conv', ['x', 'v'], ['y'])], constants: { v: floats([4, 3, 1, 1]) } });
    await assert.rejects(prune('prune.channels', alone, {}), refusedFor('finding.layerLocked'));
    await assert.rejects(prune('prune.channels', small({ nodes: [node('Relu', ['x'], ['y'])], constants: {} }), {}), refusedFor('problem.noUnits'));
  });

  it('what to do without data, by the criterion', async () => {
    await assert.rejects(prune('prune.channels', chain(), { criterion: 'taylor' }), /"taylor" needs data.*"l2"/u);
  });

  it('of NaN in weights no other criterion, but to leave the layer', async () => {
    const model = chain();
    model.graph.initializers.set('w', small({ nodes: [], constants: { w: { type: 'float32', dims: [16, 16, 1, 1], data: new Float32Array(256).fill(NaN) } } }).graph.initializers.get('w') ?? assert.fail());
    await assert.rejects(prune('prune.channels', model, { criterion: 'l2' }), (error: unknown) =>
      error instanceof EngineError && error.code === 'importanceNotFinite' && !error.message.includes('"l2"') && error.message.includes('"ignore"'));
  });

  it('the samples that were looked at: whole batches', async () => {
    const model = fedByX(await convolutional([preActivated, preActivated, preActivated]));
    const channels = await prune('prune.channels', model, { samples: 100, refit: false, grain: 1 }, 120);
    assert.match(found(channels, 'finding.statisticsRenewed')[0] ?? '', /on 64 training samples/u);
    const few = await prune('prune.channels', model, { samples: 10, refit: false, grain: 1 }, 120);
    assert.match(found(few, 'finding.statisticsRenewed')[0] ?? '', /on 64 training samples/u);
    const blocks = await prune('prune.blocks', model, { samples: 100, keep: 2 }, 120);
    assert.match(found(blocks, 'finding.blocksRemoved')[0] ?? '', /on 64 training samples/u);
    assert.match(found(blocks, 'finding.statisticsRenewed')[0] ?? '', /on 64 training samples/u);
  });

  it('the samples that fill no batch which the model fixes are not counted', async () => {
    const model = behindConvolution(node('Conv', ['h', 'w'], ['y']), { w: floats([4, CHANNELS, 1, 1], 5) });
    model.graph.inputs = model.graph.inputs.map((input) => ({ ...input, type: { kind: 'tensor', type: 'float32', shape: [4, 3, 7, 6] } }));
    assert.equal((await fit(model, await withoutCopies(model, ['p']), samples(10, [3, 7, 6]))).samples, 8);
  });

  it('layers that read fewer inputs and cannot be fitted, weights that are computed too', async () => {
    // 2 * w: no stored tensor is the weight.
    const model = behindConvolution(node('Conv', ['h', 'w'], ['e']), { w: floats([4, CHANNELS, 1, 1], 5), v: floats([4, CHANNELS, 1, 1], 6), two: { type: 'float32', dims: [], data: Float32Array.of(2) } }, {
      more: [node('Mul', ['v', 'two'], ['v2']), node('Conv', ['h', 'v2'], ['f']), node('Add', ['e', 'f'], ['y'])],
    });
    const { layers, left } = await fit(model, await withoutCopies(model, ['p']), samples(16, [3, 7, 6]));
    assert.deepEqual([layers.map(({ id }) => id), left], [['e'], 1]);
  });

  it('warns that a pattern may be broken, and has nothing to warn of the other way round', async () => {
    const { model: sparse } = await prune('prune.weights', chain(), { pattern: '2:4' });
    const broken = await prune('prune.channels', sparse, { macs: 0.5, grain: 1 });
    assert.match(found(broken, 'finding.patternBroken')[0] ?? '', /^A pattern .* in 2 weights/u);
    assert.deepEqual(found(await prune('prune.channels', chain(), { macs: 0.5, grain: 1 }), 'finding.patternBroken'), []);
  });

  it('of curves over several steps that they are ranked before the first', async () => {
    const once = await prune('prune.channels', chain(), { macs: 0.5, grain: 1 });
    const twice = await prune('prune.channels', chain(), { macs: 0.5, grain: 1, steps: 2 });
    assert.deepEqual(once.importance?.map(({ steps }) => steps), [undefined, undefined]);
    assert.deepEqual(twice.importance?.map(({ steps }) => steps), [2, 2]);
  });

  it('how a list is written, where the command gave a word', () => {
    const recipe = { version: 1, passes: [{ pass: 'prune.channels', ignore: 'x' }] };
    assert.throws(() => validateRecipe(recipe, 'command'), /a list such as \[a,b\]/u);
    assert.throws(() => validateRecipe(recipe, { file: 'r.json' }), (error: unknown) => error instanceof EngineError && !error.message.includes('need a recipe'));
  });
});

describe('measuring blocks', () => {
  it('releases its session where the model itself cannot be opened', async () => {
    const model = fedByX(await convolutional([preActivated, preActivated]));
    let open = 0;
    const createSession: typeof testRuntime.createSession = async (given, options) => {
      // The second is the reference.
      if (open === 1) throw new Error('no memory');
      const session = await testRuntime.createSession(given, options);
      open += 1;
      const release = async (): Promise<void> => {
        open -= 1;
        await session.release();
      };
      return { inputs: session.inputs, outputs: session.outputs, run: (...run) => session.run(...run), release } satisfies Session;
    };
    assert.ok(model.graph.nodes.some((one) => isOp(one, 'BatchNormalization')));
    await assert.rejects(prune('prune.blocks', model, { keep: 1, samples: 8 }, 8, { runtime: { ...testRuntime, createSession } }), /no memory/u);
    assert.equal(open, 0);
  });
});
