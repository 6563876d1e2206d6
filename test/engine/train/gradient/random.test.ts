// Gradients of Dropout.

import assert from 'node:assert/strict';
import type { NdArray } from '../../../../src/engine/ports';
import { analyticGradients, checkLinear, floats, type OperatorCase, wholeNumbers } from '../../../support/gradientCheck';

const flag = (value: boolean): NdArray => ({ type: 'bool', dims: [], data: Uint8Array.of(value ? 1 : 0) });

describe('gradients: Dropout', () => {
  it('passes on what an inference node passes on', async () => {
    const x = wholeNumbers([2, 3], 1);
    await checkLinear({ op: 'Dropout', inputs: [x] });
    await checkLinear({ op: 'Dropout', inputs: [x, floats([], [0.5])], by: [0] });
    await checkLinear({ op: 'Dropout', inputs: [x, floats([], [0.5]), flag(false)], by: [0] });
  });

  it('goes through the mask of a node that trains, whatever it drew', async () => {
    // Inputs are 1: what the kernel kept is 1 / (1 - ratio), the derivative at every element, and the loss is its weighted
    // sum; a second run would draw another mask, so the loss of the same run has to say it.
    const count = 64;
    const test: OperatorCase = { op: 'Dropout', inputs: [floats([count], new Array<number>(count).fill(1)), floats([], [0.25]), flag(true)], by: [0], outputs: 2, lossOutputs: [0] };
    const gradient = (await analyticGradients(test)).get(0) ?? new Float32Array(0);
    const scale = 1 / 0.75;
    // Weights of the loss are whole numbers of at most 2.
    assert.ok(gradient.every((value) => [0, scale, -scale, 2 * scale, -2 * scale].some((wanted) => Math.abs(value - wanted) < 1e-6)), gradient.join());
    assert.ok(gradient.some((value) => value !== 0));
  });

  it('refuses a node that trains and shows no mask', async () => {
    const test: OperatorCase = { op: 'Dropout', inputs: [wholeNumbers([4], 1), floats([], [0.25]), flag(true)], by: [0] };
    await assert.rejects(analyticGradients(test), { code: 'gradientFormUnsupported' });
  });
});
