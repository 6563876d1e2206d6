// Times of layers and their factors by a clock that counts: layers that cannot be split where they stand alone have none.

import assert from 'node:assert/strict';
import { tensorFrom } from '../../../../../src/engine/ir/tensors';
import { makeValue } from '../../../../../src/engine/ir/build';
import { chainClock } from '../../../../../src/engine/passes/decompose/measure/chainTimes';
import { findDecomposable } from '../../../../../src/engine/passes/decompose/surgery/layers';
import { testRuntime } from '../../../../support/passContext';
import { fakeClock, layerMacs } from '../../prune/latency/fakeClock';
import { contextFor, floats, node, small } from '../../quantize/staticSupport';

describe('times of factors', () => {
  it('are none for a layer that cannot be split where it stands alone, and those of the others stand', async () => {
    const model = small({ nodes: [node('MatMul', ['x', 'w'], ['y']), node('MatMul', ['whole', 'counts'], ['z'])], constants: { w: floats([16, 16]) }, outputs: ['y', 'z'], shape: [2, 16] });
    model.graph.inputs.push(makeValue('whole', 'int32', [2, 16]));
    model.graph.outputs = [makeValue('y', 'float32', null), makeValue('z', 'int32', null)];
    model.graph.initializers.set('counts', tensorFrom('counts', { type: 'int32', dims: [16, 16], data: new Int32Array(256).fill(1) }));
    const { layers: [layer] } = await findDecomposable(model, () => false);
    const counting = model.graph.nodes.find(({ outputs: [output] }) => output === 'z');
    assert.ok(layer !== undefined && counting !== undefined);
    const clock = await chainClock(model, contextFor(model, undefined, { runtime: { ...testRuntime, latencies: fakeClock(layerMacs) } }));
    const factors = [{ outputs: 4, inputs: 16, kernel: [], isDepthwise: false, axes: [] }, { outputs: 16, inputs: 4, kernel: [], isDepthwise: false, axes: [] }];
    const [counted, timed] = await clock.times([{ layer: { ...layer, id: 'z', nodes: [counting] }, factors }, { layer, factors }], () => undefined);
    assert.equal(counted, undefined);
    assert.ok(timed !== undefined && timed[1] > 0 && Math.abs(timed[1] - timed[0] / 2) < 1e-9, String(timed));
  });
});
