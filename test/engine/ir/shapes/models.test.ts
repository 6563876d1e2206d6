// Every intermediate tensor of real models, as onnxruntime computes it without optimization, against what was inferred.

import assert from 'node:assert/strict';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { readModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { makeValue } from '../../../../src/engine/ir/build';
import { bindDim, inferShapes, type ShapeMap } from '../../../../src/engine/ir/shapes/index';
import { nodeFiles } from '../../../../src/runtime/files';
import { sampleInputs } from '../../../../src/runtime/sampleInputs';
import { createSession } from '../../../../src/runtime/sessions';
import { assetPath, withAssets } from '../../../support/assets';

/** Models with the names of their batch dimension and the sizes of their other open dimensions. */
const models: readonly (readonly [file: string, batch: string, others?: Readonly<Record<string, number>>])[] = [
  ['resnet20-cifar10', 'N'],
  ['resnet8-cifar10', 'N'],
  ['ds_cnn_s-kws12', 'N'],
  ['fashion-mobilenetv2-bn', 'batch'],
  ['fast_v2_1', 'unk__132'],
  ['sst2-transformer', 'batch'],
  ['vww-mobilenetv1-025', 'N'],
  ['ch_ppocr_mobile_v2.0_cls_infer', 'p2o.DynamicDimension.0', { 'p2o.DynamicDimension.1': 48, 'p2o.DynamicDimension.2': 100 }],
];

async function load(file: string): Promise<Model> {
  return readModel(await nodeFiles.open(assetPath(file)), nodeFiles);
}

async function close(model: Model): Promise<void> {
  for (const source of model.sources) await source.close();
}

/** Type and shape of every node output, as run. */
async function run(model: Model, shapes: ShapeMap, dims: Readonly<Record<string, number>>): Promise<Map<string, { type: string; dims: readonly number[] }>> {
  const exposed = cloneModel(model);
  const outputs = new Set(exposed.graph.outputs.map((output) => output.name));
  for (const name of exposed.graph.nodes.flatMap((node) => node.outputs)) {
    if (name !== '' && !outputs.has(name)) exposed.graph.outputs.push(makeValue(name, shapes.tensors.get(name)?.type ?? 'undefined', null));
  }
  const session = await createSession(exposed, { optimization: 'disabled' });
  try {
    const results = await session.run(sampleInputs(model, session.inputs, { dims }));
    return new Map(Object.entries(results).map(([name, result]) => [name, { type: result.type, dims: result.dims }]));
  } finally {
    await session.release();
  }
}

withAssets('shape inference on real models', () => {
  for (const [file, batch, others = {}] of models) {
    for (const size of [1, 3]) {
      it(`${file}, batch ${size}, agrees with onnxruntime on every tensor`, async () => {
        const model = await load(`models/${file}.onnx`);
        try {
          const dims = { ...others, [batch]: size };
          const shapes = await inferShapes(model, { dims });
          const results = await run(model, shapes, dims);
          assert.ok(results.size >= model.graph.nodes.length);
          const inferred = [...results.keys()].map((name) => [name, shapes.tensors.get(name)?.type, shapes.tensors.get(name)?.shape]);
          assert.deepEqual(inferred, [...results].map(([name, result]) => [name, result.type, result.dims]));
          assert.deepEqual(shapes.notes, []);
        } finally {
          await close(model);
        }
      }).timeout(20_000);
    }

    it(`${file}: the symbolic shapes give the same once sizes are put in`, async () => {
      const model = await load(`models/${file}.onnx`);
      try {
        const dims = { ...others, [batch]: 3 };
        const symbolic = await inferShapes(model);
        const numeric = await inferShapes(model, { dims });
        for (const [name, { shape }] of numeric.tensors) {
          const bound = symbolic.tensors.get(name)?.shape?.map((dim) => bindDim(dim, dims)) ?? null;
          // Open is allowed, wrong is not.
          if (bound !== null) assert.deepEqual(bound.map((dim, axis) => dim ?? shape?.[axis]), shape, name);
        }
      } finally {
        await close(model);
      }
    });
  }
});

withAssets('shape inference on topologies', () => {
  for (const name of ['bvlc_alexnet', 'densenet121', 'inception_v1', 'inception_v2', 'resnet50', 'shufflenet', 'squeezenet', 'vgg19', 'zfnet512']) {
    it(`${name}: every shape is known`, async () => {
      const model = await load(`topologies/light_${name}.onnx`);
      try {
        const { tensors } = await inferShapes(model);
        const open = [...tensors].filter(([, { shape, type }]) => type === 'undefined' || shape?.every((dim) => typeof dim === 'number') !== true);
        assert.deepEqual(open, []);
      } finally {
        await close(model);
      }
    });
  }
});
