import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { elementCount, isOp, type Model } from '../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../src/engine/ir/tensors';
import type { NdArray } from '../../../src/engine/ports';
import { seededRandom } from '../../../src/engine/random';
import { exportTrained } from '../../../src/engine/train/exportTrained';
import { initialise } from '../../../src/engine/train/initialise';
import { type ChannelStatistics, foldBatchNorm, type RestoredModel, restoreBatchNorm } from '../../../src/engine/train/restoreBatchNorm';
import { withAssets } from '../../support/assets';
import { assertStillValid } from '../../support/checkedPasses';
import { assertSameOutputs, closeAssets, openAsset } from '../../support/models';

const operators = ({ graph }: Model): string[] => graph.nodes.map((node) => node.opType);
const structure = ({ graph }: Model): unknown => graph.nodes.map(({ opType, name, inputs, outputs }) => ({ opType, name, inputs, outputs }));

/** Random statistics of every convolution's output, of the size that activations have. */
async function someStatistics(model: Model): Promise<ChannelStatistics> {
  const random = seededRandom(11);
  const found = new Map<string, { mean: Float32Array; variance: Float32Array }>();
  for (const node of model.graph.nodes.filter((candidate) => isOp(candidate, 'Conv'))) {
    const channels = (await readTensor(model.graph.initializers.get(node.inputs[1] ?? '') ?? assert.fail())).dims[0] ?? 0;
    const draw = (low: number): Float32Array => Float32Array.from({ length: channels }, () => low + random());
    found.set(node.outputs[0] ?? '', { mean: draw(-0.5), variance: draw(0.1) });
  }
  return found;
}

async function restored(model: Model, statistics?: ChannelStatistics): Promise<RestoredModel> {
  return await restoreBatchNorm(model, statistics && { statistics }) ?? assert.fail('nothing was put back');
}

/** Conv without bias, Relu, Conv with bias to the output: the first gets a norm, the second ends the network. */
function twoConvolutions(): Model {
  const weight = (name: string, dims: readonly number[], seed: number): ReturnType<typeof tensorFrom> => {
    const random = seededRandom(seed);
    return tensorFrom(name, { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, () => random() - 0.5) });
  };
  return makeModel(makeGraph({
    nodes: [
      makeNode('Conv', ['x', 'w1'], ['c1'], {}, { name: 'first' }), makeNode('Relu', ['c1'], ['a1']),
      makeNode('Conv', ['a1', 'w2', 'b2'], ['y'], {}, { name: 'second' }),
    ],
    inputs: [makeValue('x', 'float32', [2, 3, 8, 8])],
    outputs: [makeValue('y', 'float32', [2, 4, 4, 4])],
    initializers: [weight('w1', [6, 3, 3, 3], 1), weight('w2', [4, 6, 3, 3], 2), weight('b2', [4], 3)],
  }));
}

describe('restoreBatchNorm and foldBatchNorm', () => {
  it('leave a head and a model with normalization alone, and give a convolution without bias one', async () => {
    const model = twoConvolutions();
    const { model: open, norms } = await restored(model, await someStatistics(model));
    assert.deepEqual(operators(open), ['Conv', 'BatchNormalization', 'Relu', 'Conv']);
    assert.equal(norms.length, 1);
    await assertStillValid(model, open, 'restoreBatchNorm');
    await assertSameOutputs(model, open, 1e-5);
    const folded = await foldBatchNorm(model, { model: open, norms });
    assert.deepEqual(operators(folded), operators(model));
    assert.deepEqual(folded.graph.nodes[0]?.inputs, ['x', 'w1', 'c1/bias']);
    await assertStillValid(model, folded, 'foldBatchNorm');
    await assertSameOutputs(model, folded, 1e-5);
    assert.equal(await restoreBatchNorm(open), undefined, 'the restored model has normalization');
    assert.deepEqual(operators(model), ['Conv', 'Relu', 'Conv'], 'the given model stays as it was');
  });

  it('keep zeros bit by bit, also where a trained scale is negative', async () => {
    const model = twoConvolutions();
    const weight = (await readTensor(model.graph.initializers.get('w1') ?? assert.fail())).data as Float32Array;
    const sparse = weight.map((value, at) => (at % 3 === 0 ? 0 : value));
    model.graph.initializers.set('w1', tensorFrom('w1', { type: 'float32', dims: [6, 3, 3, 3], data: sparse }));
    const open = await restored(model);
    const scales = Float32Array.of(1, -2, 3, -4, 5, -6);
    const folded = await foldBatchNorm(model, { ...open, model: exportTrained(open.model, new Map([[open.norms[0]?.scale ?? '', scales]])) });
    const found = (await readTensor(folded.graph.initializers.get('w1') ?? assert.fail())).data as Float32Array;
    found.forEach((value, at) => { assert.ok(sparse[at] === 0 ? Object.is(value, 0) : value / (sparse[at] ?? NaN) / (scales[Math.floor(at / 27)] ?? NaN) > 0.9, `element ${at}`); });
  });

  it('leave frozen convolutions alone: their weights keep every bit', async () => {
    const model = twoConvolutions();
    assert.equal(await restoreBatchNorm(model, { isFrozen: (node) => node.name === 'first' }), undefined);
    model.graph.nodes.splice(2, 0, makeNode('Conv', ['a1', 'w3'], ['c3'], {}, { name: 'third' }));
    (model.graph.nodes[3] ?? assert.fail()).inputs[0] = 'c3';
    model.graph.initializers.set('w3', tensorFrom('w3', { type: 'float32', dims: [6, 6, 1, 1], data: new Float32Array(36).map((_, at) => Math.sin(at)) }));
    const open = await restoreBatchNorm(model, { isFrozen: (node) => node.name === 'first' }) ?? assert.fail();
    assert.deepEqual(open.norms.map(({ output }) => output), ['c3']);
    const folded = await foldBatchNorm(model, open);
    const [before, after] = await Promise.all([model, folded].map((made) => readTensor(made.graph.initializers.get('w1') ?? assert.fail())));
    assert.deepEqual(after?.data, before?.data);
  });

  it('does not touch weights that two convolutions share', async () => {
    const model = twoConvolutions();
    model.graph.nodes.splice(1, 0, makeNode('Conv', ['x', 'w1'], ['other']), makeNode('Add', ['c1', 'other'], ['sum']));
    (model.graph.nodes[3] ?? assert.fail()).inputs = ['sum'];
    assert.equal(await restoreBatchNorm(model), undefined);
  });

  withAssets('on real models', () => {
    after(closeAssets);

    for (const name of ['fashion-resnet18', 'fashion-mobilenetv2']) {
      it(`${name}: put back and folded again it computes the same, by the same nodes`, async () => {
        const model = await openAsset(`models/${name}.onnx`);
        const withNorms = await openAsset(`models/${name}-bn.onnx`);
        for (const statistics of [undefined, await someStatistics(model)]) {
          const open = await restored(model, statistics);
          assert.equal(open.norms.length, operators(withNorms).filter((op) => op === 'BatchNormalization').length, 'as many as the unfolded twin has');
          await assertStillValid(model, open.model, 'restoreBatchNorm');
          await assertSameOutputs(model, open.model, 1e-5);
          const folded = await foldBatchNorm(model, open);
          assert.deepEqual(structure(folded), structure(model));
          assert.deepEqual([...folded.graph.initializers.keys()], [...model.graph.initializers.keys()]);
          await assertSameOutputs(model, folded, 1e-5);
        }
        assert.equal(await restoreBatchNorm(withNorms), undefined, 'nothing to put back where norms are');
      });
    }

    it('folds what training makes of it: other weights, scales, shifts and statistics', async () => {
      const model = await openAsset('models/fashion-resnet18.onnx');
      const open = await restored(model);
      const parameters = [...open.model.graph.initializers.values()].filter(({ type }) => type === 'float32');
      const values = await initialise(open.model, parameters, 4);
      const random = seededRandom(9);
      for (const { mean, variance, scale, shift } of open.norms) {
        for (const name of [mean, shift]) values.set(name, Float32Array.from(values.get(name) ?? assert.fail(), () => random() - 0.5));
        for (const name of [variance, scale]) values.set(name, Float32Array.from(values.get(name) ?? assert.fail(), () => 0.5 + random()));
      }
      const trained: RestoredModel = { model: exportTrained(open.model, values), norms: open.norms };
      const folded = await foldBatchNorm(model, trained);
      assert.deepEqual(structure(folded), structure(model));
      await assertSameOutputs(trained.model, folded, 1e-4);
      const head = [...model.graph.initializers.keys()].at(-1) ?? '';
      const [before, after] = await Promise.all([model, folded].map((made) => readTensor(made.graph.initializers.get(head) ?? assert.fail())));
      assert.notDeepEqual((before as NdArray).data, (after as NdArray).data, 'weights without a norm come from the trained model');
    });
  });
});
