// A weight of many steps gets one product, not a sum of as many: the numbers are checked by the recurrent networks.

import assert from 'node:assert/strict';
import { int } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { isOp, type Model } from '../../../../src/engine/ir/model';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';

/** h = tanh(h W^T), so many times. */
function steps(count: number): Model {
  return makeModel(makeGraph({
    nodes: [
      ...Array.from({ length: count }, (_, step) => [makeNode('Gemm', [`h${step}`, 'w'], [`s${step}`], { transB: int(1) }), makeNode('Tanh', [`s${step}`], [`h${step + 1}`])]).flat(),
      makeNode('ReduceSumSquare', [`h${count}`], ['loss'], { keepdims: int(0) }),
    ],
    inputs: [makeValue('h0', 'float32', [2, 3]), makeValue('w', 'float32', [3, 3])],
    outputs: [],
  }));
}

const weightProducts = ({ graph }: Model): number => graph.nodes.filter((node) => isOp(node, 'Gemm') && node.attributes.has('transA')).length;

describe('sum of products', () => {
  it('is one product from four on', async () => {
    assert.equal(weightProducts((await differentiate(steps(3), 'loss', ['w'])).model), 3);
    const { model } = await differentiate(steps(8), 'loss', ['w']);
    assert.equal(weightProducts(model), 1);
    const outputs = new Set(model.graph.nodes.flatMap(({ outputs: names }) => names));
    const missing = model.graph.nodes.flatMap(({ inputs }) => inputs).filter((name) => !outputs.has(name) && !['h0', 'w'].includes(name) && !model.graph.initializers.has(name));
    assert.deepEqual(missing, []);
  });
});
