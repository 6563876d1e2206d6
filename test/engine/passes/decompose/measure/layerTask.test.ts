// What a layer's tasks draw at random: each group and method something else, and the same for the same seed.

import assert from 'node:assert/strict';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { methods } from '../../../../../src/engine/passes/decompose/factors';
import { tasksFor } from '../../../../../src/engine/passes/decompose/measure/layerTask';
import { testRuntime } from '../../../../support/passContext';

describe('tasks of a layer', () => {
  it('have random numbers of their own, whatever the group and method', () => {
    const kernel = { outputs: 2, inputs: 2, kernel: [], data: Float64Array.of(1, 2, 3, 4) };
    const task = { kernels: Array.from({ length: 6 }, () => kernel), covariances: undefined, weighted: false, fits: false, products: matrixProducts(testRuntime, 1), seed: 7 };
    const draw = (): readonly number[] => methods.flatMap((method) => tasksFor(task, method).map(({ random }) => random()));
    const drawn = draw();
    assert.equal(new Set(drawn).size, methods.length * 6);
    assert.deepEqual(draw(), drawn);
  });
});
