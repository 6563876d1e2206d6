// What factors are said to cost is what the model with them costs, as it is counted everywhere else.

import assert from 'node:assert/strict';
import { bindInputs } from '../../../../../src/engine/analysis/openDims';
import { int, ints } from '../../../../../src/engine/ir/attributes';
import { cloneModel } from '../../../../../src/engine/ir/clone';
import { inferShapes } from '../../../../../src/engine/ir/shapes/index';
import { costsOf } from '../../../../../src/engine/passes/costs';
import { methods } from '../../../../../src/engine/passes/decompose/factors';
import { zeroFactors } from '../../../../../src/engine/passes/decompose/measure/zeroFactors';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods/index';
import { layerMeter } from '../../../../../src/engine/passes/decompose/ranks/cost';
import { findDecomposable } from '../../../../../src/engine/passes/decompose/surgery/layers';
import { replaceLayer } from '../../../../../src/engine/passes/decompose/surgery/replace';
import { Net } from '../../../../support/pruning';

/** The output of one layer of a net. */
const layers: Readonly<Record<string, (net: Net) => string>> = {
  'Conv with strides, pads and dilations': (net) => net.node('Conv', [net.input([2, 6, 12, 10]), net.weight(8, 6, 3, 3)], { strides: ints([2, 1]), pads: ints([1, 0, 2, 1]), dilations: ints([1, 2]) }),
  'Conv in groups': (net) => net.conv(net.input([1, 8, 9, 9]), 8, 12, { kernel: 3, group: 2, stride: 2 }),
  'depthwise Conv': (net) => net.conv(net.input([1, 8, 9, 9]), 8, 8, { kernel: 3, group: 8 }),
  'Conv of 1 x 1 with strides': (net) => net.conv(net.input([1, 8, 9, 9]), 8, 12, { stride: 2 }),
  'Conv of one dimension': (net) => net.node('Conv', [net.input([1, 8, 20]), net.weight(6, 8, 5)], { strides: ints([3]) }),
  'Conv of three': (net) => net.node('Conv', [net.input([1, 4, 6, 7, 5]), net.weight(6, 4, 3, 2, 3)], { strides: ints([2, 1, 1]) }),
  ConvTranspose: (net) => net.node('ConvTranspose', [net.input([1, 6, 5, 5]), net.weight(6, 4, 3, 2)], { strides: ints([2, 2]), group: int(2) }),
  Gemm: (net) => net.node('Gemm', [net.input([3, 10]), net.weight(12, 10), net.weight(12)], { transB: int(1) }),
  'MatMul on sequences': (net) => net.node('MatMul', [net.input([2, 7, 10]), net.weight(10, 12)]),
  embedding: (net) => net.node('Gather', [net.weight(30, 12), net.input([2, 7], 'int64')]),
};

describe('costs of factors', () => {
  for (const [title, build] of Object.entries(layers)) {
    it(`${title}: as the model with them is counted`, async () => {
      const net = new Net();
      net.output(build(net));
      const model = await net.model();
      const { layers: [layer] } = await findDecomposable(model, () => false);
      assert.ok(layer !== undefined);
      const meter = layerMeter(layer, await inferShapes(model, bindInputs(model, {})));
      const before = await costsOf(model, {});
      const biases = (before.parameters ?? NaN) - meter.whole.parameters;
      assert.equal(meter.whole.macs, before.macs);
      let tried = 0;
      for (const method of methods) {
        const record = methodTable[method];
        if (record.refusal(layer.shape) !== undefined) continue;
        const shapes = record.shapes(layer.shape, record.fullRanks(layer.shape).map((full) => Math.max(1, full - 1)));
        const copy = cloneModel(model);
        replaceLayer(copy, layer, zeroFactors(shapes, layer.groups));
        const after = await costsOf(copy, {});
        assert.deepEqual(meter.of(shapes), { parameters: (after.parameters ?? NaN) - biases, macs: after.macs }, method);
        tried += 1;
      }
      assert.ok(tried > 0);
    });
  }
});
