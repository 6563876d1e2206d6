import assert from 'node:assert/strict';
import type { Batch, Dataset, Split } from '../../../../src/engine/data/dataset';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { encodeModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { validateRecipe } from '../../../../src/engine/passes/recipe';
import { defaultLosses } from '../../../../src/engine/passes/train/defaultLosses';
import { withAssets } from '../../../support/assets';
import { closeAssets, openAsset } from '../../../support/models';
import { passContext } from '../../../support/passContext';
import { trainingCase, type TrainingCase } from '../../../support/training';
import { bytesOf, codes, damaged, runPass, shapeOf, testAccuracy, withoutLabels, withTraining } from './trainSupport';

const FEW = { epochs: 2, batch: 32, learningRate: 1e-3 };

withAssets('distill', function () {
  this.timeout(60_000);
  let keywords: TrainingCase;
  let student: Model;
  before(async () => {
    keywords = await trainingCase('models/dnn_m-kws12.onnx', 'data/kws-dnn.json', 1);
    student = await damaged(keywords.model, 0.5);
  });
  after(async () => {
    await keywords.data.close();
    await closeAssets();
  });

  it('recovers a damaged model from the original without a label, and leaves the graph as it is', async () => {
    const outcome = await runPass('distill', student, FEW, { data: withTraining(keywords.data, 2000, withoutLabels), original: keywords.model });
    const [original, before, after] = await Promise.all([keywords.model, student, outcome.model].map((model) => testAccuracy(model, keywords.data, 1000)));
    assert.ok((after ?? 0) > (before ?? 1) + 0.6 * ((original ?? 0) - (before ?? 1)), `${before} → ${after}, of ${original}`);
    assert.equal(outcome.training?.metricName, 'agreement');
    assert.deepEqual(shapeOf(outcome.model), shapeOf(student));
    assert.deepEqual(codes(outcome), ['finding.trained']);
  });

  it('learns from labels too where there are some, unless losses say otherwise', async () => {
    const data = withTraining(keywords.data, 200);
    const loss = async (losses?: readonly object[]): Promise<number> => {
      const outcome = await runPass('distill', student, { ...FEW, epochs: 1, ...(losses && { losses }) }, { data, original: keywords.model });
      return outcome.training?.epochs.at(-1)?.loss ?? assert.fail('no loss');
    };
    const [both, teacherAlone, labelAlone] = [await loss(), await loss([{ loss: 'kl', temperature: 4 }]), await loss([{ loss: 'label' }])];
    assert.ok(both > teacherAlone && both > labelAlone, `${both}, ${teacherAlone}, ${labelAlone}`);
    assert.notEqual(await loss([{ loss: 'kl', temperature: 2 }]), teacherAlone);
    assert.equal(await loss([{ loss: 'kl', weight: 1 }, { loss: 'label', weight: 1 }]), both);
  });

  it('gives the same bytes for the same seed', async () => {
    const run = async (): Promise<Buffer> => bytesOf(await runPass('distill', student, { ...FEW, epochs: 1 }, { data: withTraining(keywords.data, 200), original: keywords.model }));
    assert.ok((await run()).equals(await run()));
  });

  it('takes another model for its teacher, by path', async () => {
    const asked: string[] = [];
    const openModel = (path: string): Promise<Model> => {
      asked.push(path);
      return openAsset('models/dnn_m-kws12.onnx');
    };
    const outcome = await runPass('distill', student, { ...FEW, epochs: 1, teacher: 'better.onnx' }, { data: withTraining(keywords.data, 500, withoutLabels), openModel });
    assert.deepEqual(asked, ['better.onnx']);
    assert.deepEqual(codes(outcome), ['finding.trained']);
  });

  it('learns from a quantized teacher', async () => {
    const { model: teacher } = await runPass('quantize.dynamic', keywords.model, {}, { apply: (id, model, options) => runPass(id, model, options, {}) });
    const outcome = await runPass('distill', student, { ...FEW, epochs: 1 }, { data: withTraining(keywords.data, 500, withoutLabels), original: teacher });
    assert.deepEqual(codes(outcome), ['finding.trained']);
  });

  it('learns from a model of opset 8 whose batch the file fixes to 1', async () => {
    const { model, data } = await trainingCase('models/mnist.onnx', 'data/mnist.json', 1);
    const outcome = await runPass('distill', await damaged(model, 1), { ...FEW, epochs: 1 }, { data: withTraining(data, 1000, withoutLabels), original: model });
    assert.deepEqual(codes(outcome), ['finding.trained']);
    assert.deepEqual(shapeOf(outcome.model), shapeOf(model));
    await data.close();
  });

  it('leaves its teacher alone, and refuses one of another shape', async () => {
    const before = Buffer.from(await encodeModel(keywords.model));
    const other = cloneModel(keywords.model);
    other.graph.nodes.splice(-2, 2);
    const last = other.graph.nodes.at(-1);
    other.graph.outputs = [{ name: last?.outputs[0] ?? '', type: { kind: 'tensor', type: 'float32', shape: ['N', 256] } }];
    await assert.rejects(runPass('distill', student, FEW, { data: withTraining(keywords.data, 100, withoutLabels), original: other }), { code: 'teacherShape' });
    await runPass('distill', student, { ...FEW, epochs: 1 }, { data: withTraining(keywords.data, 100), original: keywords.model });
    assert.ok(Buffer.from(await encodeModel(keywords.model)).equals(before));
  });
});

describe('distill of a model that gives numbers', () => {
  const SAMPLES = 64;
  /** x [N, 3] -> Gemm -> y [N, 2]. */
  function linear(weights: readonly number[]): Model {
    return makeModel(makeGraph({
      nodes: [makeNode('Gemm', ['x', 'w'], ['y'], {}, { name: 'layer' })],
      inputs: [makeValue('x', 'float32', ['N', 3])], outputs: [makeValue('y', 'float32', ['N', 2])],
      initializers: [tensorFrom('w', { type: 'float32', dims: [3, 2], data: Float32Array.from(weights) })],
    }));
  }
  const gather = (indices: readonly number[]): Promise<Batch> => Promise.resolve({
    inputs: { x: { type: 'float32', dims: [indices.length, 3], data: Float32Array.from(indices.flatMap((index) => [Math.sin(index), Math.cos(3 * index), Math.sin(5 * index)])) } },
    start: indices[0] ?? 0, indices, size: indices.length,
  });
  const split: Split = { name: 'train', size: SAMPLES, labelled: false, gather, read: (start, end) => gather(Array.from({ length: end - start }, (_, at) => start + at)) };
  const data: Dataset = { path: 'numbers.json', splits: new Map([['train', split]]), files: [], shared: false, base: '', close: () => Promise.resolve() };
  const teacher = linear([1, -2, 0.5, 3, -1, 2]);

  it('goes by "outputs" where nobody chose a loss, and numbers judge it', async () => {
    const { training, findings } = await runPass('distill', linear([0, 0, 0, 0, 0, 0]), { epochs: 4, batch: 8, learningRate: 0.1 }, { data, original: teacher });
    assert.equal(training?.metricName, 'mse');
    assert.ok((training.epochs.at(-1)?.metric ?? NaN) < 0.2 * (training.epochs[0]?.metric ?? NaN), JSON.stringify(training.epochs));
    assert.deepEqual(findings.map(({ code }) => code), ['finding.trained']);
  });

  it('says that a script does not choose the epoch', async () => {
    const { findings } = await runPass('distill', linear([0, 0, 0, 0, 0, 0]), { epochs: 1, batch: 8 }, { data: { ...data, metric: './judge.mjs' }, original: teacher });
    assert.deepEqual(findings.map(({ code, severity, params }) => [code, severity, params['asked'], params['metric']]).at(-1), ['finding.metricReplaced', 'warning', './judge.mjs', 'mse']);
  });

  it('goes by "kl" where the data name classes', async () => {
    const terms = await defaultLosses(teacher, { ...data, classes: ['cat', 'dog'] }, passContext());
    assert.deepEqual(terms, [{ loss: 'kl' }]);
  });
});

describe('the options of distill', () => {
  const refused = (options: Readonly<Record<string, unknown>>): { readonly code: string; readonly path: unknown } => {
    try {
      validateRecipe({ version: 1, passes: [{ pass: 'distill', ...options }] }, { file: 'recipe.json' });
    } catch (error) {
      const { code, params } = error as { code: string; params: Record<string, unknown> };
      return { code, path: params['path'] };
    }
    return assert.fail('not refused');
  };

  it('name what a later version brings, with its place', () => {
    assert.deepEqual(refused({ student: { width: 0.5 } }), { code: 'optionNotReady', path: 'passes[0].student' });
    assert.deepEqual(refused({ stages: [] }), { code: 'optionNotReady', path: 'passes[0].stages' });
    assert.deepEqual(refused({ losses: [{ loss: 'kl' }, { loss: 'hint' }] }), { code: 'optionNotReady', path: 'passes[0].losses[1].loss' });
  });

  it('refuse what is none, with its place', () => {
    assert.deepEqual(refused({ losses: [{ loss: 'kl', temprature: 2 }] }), { code: 'invalidRecipe', path: 'passes[0].losses[0].temprature' });
    assert.deepEqual(refused({ losses: [{ loss: 'kl', temperature: 0 }] }), { code: 'invalidRecipe', path: 'passes[0].losses[0].temperature' });
    assert.deepEqual(refused({ losses: [{ weight: 2 }] }), { code: 'invalidRecipe', path: 'passes[0].losses[0].loss' });
    assert.deepEqual(refused({ labelSmoothing: 1 }), { code: 'invalidRecipe', path: 'passes[0].labelSmoothing' });
  });

  it('keep each option with its loss, before anything runs', () => {
    assert.deepEqual(refused({ losses: [{ loss: 'label', temperature: 2 }] }), { code: 'invalidRecipe', path: 'passes[0].losses[0].temperature' });
  });

  it('fill in the weight of a loss', () => {
    const { document } = validateRecipe({ version: 1, passes: [{ pass: 'distill', losses: [{ loss: 'kl' }] }] }, 'command');
    assert.deepEqual(document.passes[0]?.['losses'], [{ loss: 'kl', weight: 1 }]);
  });
});
