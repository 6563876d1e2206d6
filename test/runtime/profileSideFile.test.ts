// A model whose weights stay in files on disk is profiled without them being read again from the optimised graph.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLayers } from '../../src/engine/analysis/layers';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { readModel, releaseModel } from '../../src/engine/ir/codec';
import { inferShapes } from '../../src/engine/ir/shapes/index';
import { tensorFrom } from '../../src/engine/ir/tensors';
import { nodeFiles } from '../../src/runtime/files';
import { profileModel } from '../../src/runtime/profiler';
import { saveModel } from '../../src/runtime/saveModel';

const WIDTH = 64;

describe('profile of a model with a side file', () => {
  it('gives a row a layer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'decant-side-'));
    try {
      const path = join(folder, 'dense.onnx');
      await saveModel(makeModel(makeGraph({
        inputs: [makeValue('x', 'float32', ['N', WIDTH])],
        outputs: [makeValue('z', 'float32', ['N', WIDTH])],
        nodes: [makeNode('MatMul', ['x', 'a'], ['y']), makeNode('MatMul', ['y', 'b'], ['z'])],
        initializers: ['a', 'b'].map((name) => tensorFrom(name, { type: 'float32', dims: [WIDTH, WIDTH], data: new Float32Array(WIDTH * WIDTH).fill(0.5) })),
      })), path, { limit: WIDTH * WIDTH });
      const model = await readModel(await nodeFiles.open(path), nodeFiles);
      try {
        assert.equal(model.sources.length, 2, 'the weights are beside the model');
        const { layers } = await profileModel(model, findLayers(model.graph, await inferShapes(model)), { runs: 11, inMemoryLimit: 0 });
        assert.deepEqual(layers.map(({ id }) => id), ['y', 'z']);
      } finally {
        await releaseModel(model);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
