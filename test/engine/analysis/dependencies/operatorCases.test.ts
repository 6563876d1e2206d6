// Rules never throw, whatever a valid node looks like: every operator test of ONNX as a model of its own, its float inputs as
// stored weights, so that nothing is locked from the start.

import assert from 'node:assert/strict';
import { onnxCases } from '../../../../bench/core/operators/onnxCases';
import { findDependencies } from '../../../../src/engine/analysis/dependencies/index';
import { bytesOf } from '../../../../src/engine/ir/dataTypes';
import { cloneModel } from '../../../../src/engine/ir/clone';
import { readModel } from '../../../../src/engine/ir/codec';
import { elementCount, type Model, type Tensor } from '../../../../src/engine/ir/model';
import { memorySource } from '../../../support/memorySource';

/** Float inputs become stored zeros. */
function withWeights(given: Model, shapes: Readonly<Record<string, readonly number[]>>): Model {
  const model = cloneModel(given);
  const { graph } = model;
  for (const { name, type } of graph.inputs) {
    const dims = shapes[name];
    if (type?.kind !== 'tensor' || type.type !== 'float32' || dims === undefined) continue;
    const tensor: Tensor = { name, type: 'float32', dims, data: { encoding: 'raw', at: { bytes: new Uint8Array(bytesOf('float32', elementCount(dims))) } } };
    graph.initializers.set(name, tensor);
  }
  graph.inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  return model;
}

describe('dependencies of ONNX\'s operator tests', function () {
  this.timeout(120_000);
  it('are found at every one', async () => {
    const failed: string[] = [];
    let count = 0;
    for (const { name, bytes, shapes } of onnxCases().cases) {
      count += 1;
      const model = withWeights(await readModel(memorySource(bytes)), shapes);
      await findDependencies(model).catch((error: unknown) => failed.push(`${name}: ${String(error)}`));
    }
    assert.ok(count > 1000);
    assert.deepEqual(failed, []);
  });
});
