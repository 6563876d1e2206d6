import assert from 'node:assert/strict';
import { int, ints } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { elementCount, isOp, type Model, type Node } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { withAssets } from '../../../support/assets';
import { closeAssets, openAsset } from '../../../support/models';
import { storedCheckpoint } from '../../../support/storedCheckpoint';
import { trainingCase, type TrainingCase } from '../../../support/training';
import { bytesOf, codes, damaged, runPass, shapeOf, testAccuracy, weightOf, withoutLabels, withTraining } from './trainSupport';

/** Enough to learn from in a second. */
const FEW = { epochs: 2, batch: 32, learningRate: 1e-3 };

withAssets('finetune', function () {
  this.timeout(60_000);
  let keywords: TrainingCase;
  let convolutions: TrainingCase;
  before(async () => {
    keywords = await trainingCase('models/dnn_m-kws12.onnx', 'data/kws-dnn.json', 1);
    convolutions = await trainingCase('models/ds_cnn_s-kws12.onnx', 'data/kws-ds-cnn.json', 1);
  });
  after(async () => {
    await keywords.data.close();
    await convolutions.data.close();
    await closeAssets();
  });

  it('improves a damaged model on held-out and on test samples, and leaves the graph as it is', async () => {
    const model = await damaged(keywords.model, 0.5);
    const outcome = await runPass('finetune', model, FEW, { data: keywords.data });
    const [before, after] = [await testAccuracy(model, keywords.data, 1000), await testAccuracy(outcome.model, keywords.data, 1000)];
    assert.ok(after > before + 0.15, `${before} → ${after}`);
    assert.deepEqual(shapeOf(outcome.model), shapeOf(model));
    assert.deepEqual(codes(outcome), ['finding.trained']);
    const { training } = outcome;
    assert.equal(training?.metricName, 'top1');
    assert.deepEqual(training.epochs.map(({ epoch }) => epoch), [0, 1, 2]);
    assert.ok((training.epochs[training.bestEpoch]?.metric ?? 0) > (training.epochs[0]?.metric ?? 1));
    assert.ok((training.epochs[2]?.loss ?? 9) < (training.epochs[1]?.loss ?? 0));
    assert.deepEqual([...outcome.forms.values()].map(({ code }) => code), Array.from({ length: 4 }, () => 'form.trained'));
  });

  it('trains with batch statistics and saves running ones, in the BatchNormalization of the file', async () => {
    const model = await damaged(convolutions.model, 0.3);
    const outcome = await runPass('finetune', model, { ...FEW, epochs: 1 }, { data: withTraining(convolutions.data, 600) });
    assert.deepEqual(shapeOf(outcome.model), shapeOf(model));
    assert.ok((await testAccuracy(outcome.model, convolutions.data, 400)) > (await testAccuracy(model, convolutions.data, 400)) + 0.1);
    const norm = model.graph.nodes.find((node) => isOp(node, 'BatchNormalization')) as Node;
    for (const name of norm.inputs.slice(1)) assert.notDeepEqual(await weightOf(outcome.model, name), await weightOf(model, name), name);
  });

  it('leaves running statistics alone with batchNorm=frozen, and the weights of frozen layers', async () => {
    const model = await damaged(convolutions.model, 0.3);
    const [convolution] = model.graph.nodes.filter((node) => isOp(node, 'Conv'));
    const outcome = await runPass('finetune', model, { ...FEW, epochs: 1, batchNorm: 'frozen', freeze: [convolution?.outputs[0]] }, { data: withTraining(convolutions.data, 300) });
    const norms = model.graph.nodes.filter((node) => isOp(node, 'BatchNormalization'));
    for (const { inputs } of norms) for (const name of inputs.slice(3)) assert.deepEqual(await weightOf(outcome.model, name), await weightOf(model, name));
    const kept = convolution?.inputs[1] ?? '';
    assert.deepEqual(await weightOf(outcome.model, kept), await weightOf(model, kept));
    assert.ok(!outcome.forms.has(convolution?.outputs[0] ?? ''));
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const data = withTraining(keywords.data, 300);
    const run = async (seed: number): Promise<Buffer> => bytesOf(await runPass('finetune', keywords.model, { ...FEW, mixup: 0.2, ema: 0.9 }, { data, random: () => seed / 10 }));
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    assert.ok(first.equals(again));
    assert.ok(!first.equals(other));
  });

  it('goes on from its checkpoint after a cancel, to the same bytes', async () => {
    const data = withTraining(keywords.data, 300);
    const model = await damaged(keywords.model, 0.5);
    const whole = await bytesOf(await runPass('finetune', model, FEW, { data }));
    const checkpoint = storedCheckpoint();
    const stop = new AbortController();
    await assert.rejects(runPass('finetune', model, FEW, {
      data, checkpoint, signal: stop.signal,
      progress: ({ fraction }) => { if ((fraction ?? 0) > 0.6) stop.abort(); },
    }), { code: 'cancelled' });
    assert.ok(checkpoint.bytes() !== undefined);
    const resumed = await bytesOf(await runPass('finetune', model, FEW, { data, checkpoint }));
    assert.ok(resumed.equals(whole));
  });

  it('leaves the model as it was where nothing became better, and says so', async () => {
    const outcome = await runPass('finetune', keywords.model, { epochs: 1, learningRate: 1e-12 }, { data: withTraining(keywords.data, 300) });
    assert.equal(outcome.model, keywords.model);
    assert.equal(outcome.forms.size, 0);
    assert.equal(outcome.training?.bestEpoch, 0);
    assert.deepEqual(outcome.findings.map(({ code, severity }) => [code, severity]), [['finding.trainingNoGain', 'warning']]);
  });

  it('warns of outputs that no loss looks at', async () => {
    const model = cloneModel(await damaged(keywords.model, 1));
    const hidden = model.graph.nodes.find(({ opType }) => opType === 'Relu')?.outputs[0] ?? assert.fail('no Relu');
    model.graph.outputs = [...model.graph.outputs, makeValue(hidden, 'float32', null)];
    const { findings } = await runPass('finetune', model, { epochs: 1 }, { data: withTraining(keywords.data, 500) });
    assert.deepEqual(findings.map(({ code, params }) => [code, params?.['others']]), [['finding.trained', undefined], ['finding.trainedFirstOutput', hidden]]);
  });

  it('judges by the split "validation" where the data have one', async () => {
    const data = withTraining(keywords.data, 200);
    const validation = { ...withTraining(keywords.data, 77).splits.get('train'), name: 'validation' } as TrainingCase['train'];
    const outcome = await runPass('finetune', keywords.model, { epochs: 1 }, { data: { ...data, splits: new Map([...data.splits, ['validation', validation]]) } });
    assert.equal(outcome.findings[0]?.params['heldOut'], 77);
  });

  describe('from scratch', () => {
    /** Three bare convolutions and a classifier, for images of 28 by 28. */
    function bareConvolutions(): Model {
      const weights: Readonly<Record<string, readonly number[]>> = { w1: [12, 1, 3, 3], b1: [12], w2: [24, 12, 3, 3], w3: [32, 24, 3, 3], b3: [32], w4: [32, 10], b4: [10] };
      const layer = (index: number, input: string, extra: readonly string[]): Node[] => [
        makeNode('Conv', [input, `w${index}`, ...extra], [`c${index}`], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }, { name: `conv${index}` }),
        makeNode('Relu', [`c${index}`], [`a${index}`]),
      ];
      return makeModel(makeGraph({
        nodes: [
          ...layer(1, 'input', ['b1']), ...layer(2, 'a1', []), ...layer(3, 'a2', ['b3']),
          makeNode('GlobalAveragePool', ['a3'], ['pooled']), makeNode('Flatten', ['pooled'], ['flat'], { axis: int(1) }), makeNode('Gemm', ['flat', 'w4', 'b4'], ['logits']),
        ],
        inputs: [makeValue('input', 'float32', ['N', 1, 28, 28])],
        outputs: [makeValue('logits', 'float32', ['N', 10])],
        initializers: Object.entries(weights).map(([name, dims]) => tensorFrom(name, { type: 'float32', dims, data: new Float32Array(elementCount(dims)) })),
      }));
    }

    it('learns with BatchNormalization that is gone again in the file, and augmented images', async () => {
      const { data } = await trainingCase('models/fashion-mobilenetv2.onnx', 'data/fashion-mnist-subset.json', 1);
      const model = bareConvolutions();
      const outcome = await runPass('finetune', model, { initialise: true, epochs: 5, batch: 32, augment: { crop: 1, flip: true, erase: 0.1 } }, { data: withTraining(data, 2500) });
      const accuracy = await testAccuracy(outcome.model, data, 500);
      assert.ok(accuracy > 0.6, `${accuracy}`);
      assert.deepEqual(outcome.model.graph.nodes.map(({ opType }) => opType), model.graph.nodes.map(({ opType }) => opType));
      // The convolution without a bias has one now; nothing else was added.
      assert.deepEqual([...outcome.model.graph.initializers.keys()], [...model.graph.initializers.keys(), 'c2/bias']);
      assert.deepEqual(codes(outcome), ['finding.trainedFromScratch', 'finding.batchNormRestored']);
      assert.equal(outcome.training?.epochs[0]?.epoch, 1, 'new weights are no candidate');
      await data.close();
    });
  });

  describe('refuses, and says what to do,', () => {
    const rejects = (id: string, model: Model, options: Readonly<Record<string, unknown>>, data: TrainingCase['data'] | undefined, expected: Readonly<Record<string, unknown>>): Promise<void> =>
      assert.rejects(runPass(id, model, options, data === undefined ? {} : { data }), (error: unknown) => {
        const { code, params } = error as { code: string; params: object };
        assert.deepEqual({ code, ...Object.fromEntries(Object.entries(params).filter(([key]) => key in expected)) }, expected);
        return true;
      });

    it('no data, and data without labels', async () => {
      await rejects('finetune', keywords.model, {}, undefined, { code: 'dataNeeded' });
      await rejects('finetune', keywords.model, {}, withTraining(keywords.data, 100, withoutLabels), { code: 'lossNeedsLabels', loss: 'label', split: 'train' });
    });

    it('labels that the model has no class for, naming the sample', async () => {
      const wrong = withTraining(keywords.data, 100, (split) => ({
        ...split,
        gather: async (indices) => {
          const batch = await split.gather(indices);
          return { ...batch, labels: batch.indices.map((index) => (index === batch.indices[0] ? 40 : 0)) };
        },
      }));
      await rejects('finetune', keywords.model, { epochs: 1 }, wrong, { code: 'labelOutOfRange', label: 40, classes: 12 });
    });

    it('quantized models, and models of integers only', async () => {
      const quantized = makeModel(makeGraph({
        nodes: [makeNode('DequantizeLinear', ['w', 's'], ['wf']), makeNode('MatMul', ['fingerprint', 'wf'], ['y'])],
        inputs: [makeValue('fingerprint', 'float32', ['N', 250])], outputs: [makeValue('y', 'float32', ['N', 12])],
        initializers: [tensorFrom('w', { type: 'int8', dims: [250, 12], data: new Int8Array(3000) }), tensorFrom('s', { type: 'float32', dims: [], data: Float32Array.of(0.1) })],
      }));
      await rejects('finetune', quantized, {}, keywords.data, { code: 'alreadyQuantized' });
      const integers = makeModel(makeGraph({
        nodes: [makeNode('Cast', ['fingerprint'], ['xi'], { to: int(6) }), makeNode('MatMul', ['xi', 'w'], ['yi']), makeNode('Cast', ['yi'], ['y'], { to: int(1) })],
        inputs: [makeValue('fingerprint', 'float32', ['N', 250])], outputs: [makeValue('y', 'float32', ['N', 12])],
        initializers: [tensorFrom('w', { type: 'int32', dims: [250, 12], data: new Int32Array(3000) })],
      }));
      await rejects('finetune', integers, {}, keywords.data, { code: 'nothingToTrain' });
    });

    it('a model whose output no weight reaches', async () => {
      const detached = makeModel(makeGraph({
        nodes: [makeNode('MatMul', ['fingerprint', 'w'], ['h']), makeNode('Round', ['h'], ['y'])],
        inputs: [makeValue('fingerprint', 'float32', ['N', 250])], outputs: [makeValue('y', 'float32', ['N', 12])],
        initializers: [tensorFrom('w', { type: 'float32', dims: [250, 12], data: new Float32Array(3000).fill(0.1) })],
      }));
      await rejects('finetune', detached, {}, withTraining(keywords.data, 100), { code: 'parametersDetached', output: 'y' });
    });

    it('layers to freeze that are not there, and augmentation without images', async () => {
      await rejects('finetune', keywords.model, { freeze: ['layer9*'] }, keywords.data, { code: 'ignoreMatchesNothing', pattern: 'layer9*', option: 'freeze' });
      await rejects('finetune', keywords.model, { augment: { flip: true } }, keywords.data, { code: 'invalidOption', path: 'augment', problem: 'problem.augmentNoImages' });
    });

    it('everything frozen', async () => {
      await rejects('finetune', await openAsset('models/dnn_m-kws12.onnx'), { freeze: ['*'] }, keywords.data, { code: 'nothingToTrain' });
    });
  });
});
