// Training after prune.weights: what it set to zero stays zero, whatever form the model has, and accuracy comes back.

import assert from 'node:assert/strict';
import { writerOf } from '../../../../src/engine/data/preprocess/cast';
import { int, tensorAttribute } from '../../../../src/engine/ir/attributes';
import { makeNode } from '../../../../src/engine/ir/build';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { wireOf } from '../../../../src/engine/ir/dataTypes';
import { elementCount, isOp, type Model, type Tensor } from '../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../src/engine/ir/tensors';
import type { PassContext } from '../../../../src/engine/passes/pass';
import { sparseMasks, sparseTensors } from '../../../../src/engine/passes/prune/weights/masks';
import { withAssets } from '../../../support/assets';
import { closeAssets, decodedCopy } from '../../../support/models';
import { storedCheckpoint } from '../../../support/storedCheckpoint';
import { trainingCase, type TrainingCase } from '../../../support/training';
import { bytesOf, codes, runPass, shapeOf, testAccuracy, withTraining } from './trainSupport';

const FEW = { epochs: 2, batch: 32, learningRate: 1e-3 };

/** What must be zero in the one is zero in the other, and nothing else; gives how many zeros that are. */
async function assertSameZeros(found: Model, expected: Model): Promise<number> {
  const [masks, wanted] = [await sparseMasks(found), await sparseMasks(expected)];
  assert.ok(wanted.size > 0, 'nothing is sparse');
  assert.deepEqual(masks, wanted);
  return [...wanted.values()].reduce((sum, mask) => sum + mask.reduce((zeros, kept) => zeros + 1 - kept, 0), 0);
}

/** The same network in float16 between casts, its second matrix in a Constant node. */
async function inHalfPrecision(model: Model): Promise<Model> {
  const copy = cloneModel(model);
  const { graph } = copy;
  for (const [name, tensor] of graph.initializers) graph.initializers.set(name, await half(tensor));
  const [input = '', output = ''] = [graph.inputs[0]?.name, graph.outputs[0]?.name];
  const second = graph.nodes.filter((node) => isOp(node, 'Gemm'))[1]?.inputs[1] ?? '';
  const constant = makeNode('Constant', [], [second], { value: { kind: 'tensor', value: graph.initializers.get(second) ?? assert.fail() } });
  graph.initializers.delete(second);
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) => (name === input ? 'input16' : name));
    node.outputs = node.outputs.map((name) => (name === output ? 'output16' : name));
  }
  const cast = (from: string, to: string, type: 'float16' | 'float32') => makeNode('Cast', [from], [to], { to: int(wireOf(type)) });
  graph.nodes = [constant, cast(input, 'input16', 'float16'), ...graph.nodes, cast('output16', output, 'float32')];
  graph.valueInfo.clear();
  return copy;
}

async function half(tensor: Tensor): Promise<Tensor> {
  const values = (await readTensor(tensor)).data as Float32Array;
  const writer = writerOf('float16', elementCount(tensor.dims), tensor.name);
  values.forEach((value, at) => { writer.set(at, value); });
  return tensorFrom(tensor.name, { type: 'float16', dims: tensor.dims, data: writer.data });
}

withAssets('training after prune.weights', function () {
  this.timeout(60_000);
  let keywords: TrainingCase;
  let context: Partial<PassContext>;
  let sparse: Model;
  before(async () => {
    keywords = await trainingCase('models/dnn_m-kws12.onnx', 'data/kws-dnn.json', 1);
    context = { data: withTraining(keywords.data, 2000), original: keywords.model };
    sparse = (await runPass('prune.weights', keywords.model, { sparsity: 0.6 }, { data: keywords.data })).model;
  });
  after(async () => {
    await keywords.data.close();
    await closeAssets();
  });

  for (const pass of ['finetune', 'distill']) {
    it(`${pass} keeps the zeros, brings accuracy back and says so; and so does a second one, from the file`, async () => {
      const outcome = await runPass(pass, sparse, FEW, context);
      const zeros = await assertSameZeros(outcome.model, sparse);
      assert.equal(zeros, [250 * 256, 256 * 256, 256 * 256, 256 * 12].reduce((sum, size) => sum + Math.round(0.6 * size), 0), 'a share of 0.6 of the four matrices');
      const [before, after] = [await testAccuracy(sparse, keywords.data, 1000), await testAccuracy(outcome.model, keywords.data, 1000)];
      assert.ok(after > before + 0.05, `${before} → ${after}`);
      assert.deepEqual(shapeOf(outcome.model), shapeOf(sparse));
      assert.deepEqual(codes(outcome), ['finding.trained', 'finding.masksKept']);
      assert.deepEqual(outcome.findings[1]?.params, { zeros, tensors: 4 });
      const again = await runPass(pass, await decodedCopy(outcome.model), { ...FEW, epochs: 1, ema: 0.9 }, context);
      await assertSameZeros(again.model, sparse);
    });
  }

  it('goes on from its checkpoint after a cancel, to the same bytes', async () => {
    const data = withTraining(keywords.data, 300);
    const whole = await bytesOf(await runPass('finetune', sparse, FEW, { data }));
    const checkpoint = storedCheckpoint();
    const stop = new AbortController();
    await assert.rejects(runPass('finetune', sparse, FEW, { data, checkpoint, signal: stop.signal, progress: ({ fraction }) => { if ((fraction ?? 0) > 0.6) stop.abort(); } }), { code: 'cancelled' });
    assert.ok((await bytesOf(await runPass('finetune', sparse, FEW, { data, checkpoint }))).equals(whole));
  });

  for (const [form, made] of [['initializers', (model: Model) => model], ['float16 and a Constant node', inHalfPrecision]] as const) {
    it(`keeps them where prune.channels cuts the tensors in between: ${form}`, async () => {
      const { model: all } = await runPass('prune.weights', await made(keywords.model), { sparsity: 0.6 }, {});
      const cut = await runPass('prune.channels', all, { parameters: 0.5, criterion: 'l2', samples: 64 }, { data: keywords.data });
      assert.deepEqual(sparseTensors(cut.model), sparseTensors(all));
      const [before, after] = [await sparseMasks(all), await sparseMasks(cut.model)];
      for (const [name, mask] of after) {
        const share = mask.reduce((zeros, kept) => zeros + 1 - kept, 0) / mask.length;
        assert.ok(share > 0.3, `${name} has ${share} zeros`);
      }
      assert.ok([...after].some(([name, mask]) => mask.length < (before.get(name)?.length ?? 0)), 'nothing was cut');
      assert.equal(cut.findings.find(({ code }) => code === 'finding.refitLeft')?.params['layers'], 3);
      assert.ok(!codes(cut).includes('finding.refitted'));
      const outcome = await runPass('finetune', cut.model, { ...FEW, epochs: 1 }, context);
      await assertSameZeros(outcome.model, cut.model);
      assert.ok(codes(outcome).includes('finding.masksKept'));
    });
  }

  it('keeps N:M patterns from new first weights', async () => {
    const { model } = await runPass('prune.weights', keywords.model, { pattern: '2:4' }, {});
    const outcome = await runPass('finetune', model, { ...FEW, initialise: true, learningRate: 3e-3 }, context);
    await assertSameZeros(outcome.model, model);
    assert.deepEqual(codes(outcome), ['finding.trainedFromScratch', 'finding.masksKept']);
  });

  it('keeps them in float16 and in Constant nodes', async () => {
    const { model } = await runPass('prune.weights', await inHalfPrecision(keywords.model), { sparsity: 0.6 }, {});
    const outcome = await runPass('finetune', model, FEW, context);
    await assertSameZeros(outcome.model, model);
    const constant = outcome.model.graph.nodes.find((node) => isOp(node, 'Constant')) ?? assert.fail();
    assert.equal(tensorAttribute(constant, 'value')?.type, 'float16');
    assert.deepEqual([...outcome.forms.values()].map(({ code }) => code), Array.from({ length: 4 }, () => 'form.trained'));
    assert.ok((await sparseMasks(outcome.model)).has(constant.outputs[0] ?? ''));
  });

  it('keeps them in layers that are frozen, too', async () => {
    const [first, ...others] = sparse.graph.nodes.flatMap((node) => (isOp(node, 'Gemm') ? node.outputs : []));
    const outcome = await runPass('finetune', sparse, { ...FEW, epochs: 1, freeze: [first] }, context);
    await assertSameZeros(outcome.model, sparse);
    assert.deepEqual([...outcome.forms.keys()], others);
  });

  it('keeps them with BatchNormalization that is put back for training and folded for the file', async () => {
    const { model, data } = await trainingCase('models/fashion-mobilenetv2.onnx', 'data/fashion-mnist-subset.json', 1);
    const { model: pruned } = await runPass('prune.weights', model, { sparsity: 0.5, everyLayer: true }, {});
    const outcome = await runPass('finetune', pruned, { initialise: true, epochs: 1, batch: 32 }, { data: withTraining(data, 200) });
    assert.deepEqual(codes(outcome), ['finding.trainedFromScratch', 'finding.batchNormRestored', 'finding.masksKept']);
    await assertSameZeros(outcome.model, pruned);
    await data.close();
  });

  it('says nothing of zeros that no pass put there', async () => {
    assert.deepEqual(codes(await runPass('finetune', keywords.model, { ...FEW, epochs: 1 }, context)).filter((code) => code === 'finding.masksKept'), []);
  });
});
