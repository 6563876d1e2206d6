// Distances between answers, by numbers worked out by hand.

import assert from 'node:assert/strict';
import { makeGraph, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Graph } from '../../../src/engine/ir/model';
import { type AnswerOutput, answerOutputs, Distances } from '../../../src/engine/passes/answers';
import type { NdArray } from '../../../src/engine/ports';

const array = (dims: readonly number[], values: readonly number[]): NdArray => ({ type: 'float32', dims, data: Float32Array.from(values) });

/** A graph whose outputs are made by these operators. */
function graphOf(outputs: Readonly<Record<string, string>>): Graph {
  return makeGraph({
    nodes: Object.entries(outputs).map(([name, op]) => makeNode(op, ['x'], [name])), inputs: [makeValue('x', 'float32', null)],
    outputs: Object.keys(outputs).map((name) => makeValue(name, 'float32', null)),
  });
}

const noShapes = { tensors: new Map(), bodies: new Map(), calls: new Map(), notes: [] };

function formsOf(graph: Graph, outputs: Readonly<Record<string, NdArray>>, labels?: readonly number[]): readonly AnswerOutput[] {
  return answerOutputs(graph, noShapes, outputs, { size: 2, ...(labels && { labels }) });
}

function distance(op: string, before: NdArray, after: NdArray): ReturnType<Distances['value']> {
  const sum = new Distances();
  sum.add(formsOf(graphOf({ y: op }), { y: before }), { y: before }, { y: after }, { size: 2, start: 0, indices: [0, 1], inputs: {} });
  return sum.value();
}

describe('distance of answers', () => {
  const near = (found: number, expected: number): void => assert.ok(Math.abs(found - expected) < 1e-6, `${found}, not ${expected}`);

  it('is the Kullback-Leibler divergence of classes, from logits and from probabilities', () => {
    // Two samples: [1/2, 1/2] becomes [1/4, 3/4], and [0.1, 0.9] becomes [0.6, 0.4].
    const expected = (0.5 * Math.log(2) + 0.5 * Math.log(2 / 3) + 0.1 * Math.log(1 / 6) + 0.9 * Math.log(9 / 4)) / 2;
    const [before, after] = [[0.5, 0.5, 0.1, 0.9], [0.25, 0.75, 0.6, 0.4]];
    const probabilities = distance('Softmax', array([2, 2], before), array([2, 2], after));
    near(probabilities.divergence, expected);
    const logits = distance('Gemm', array([2, 2], before.map((p) => Math.log(p) + 3)), array([2, 2], after.map((p) => Math.log(p) - 2)));
    near(logits.divergence, expected);
    near(distance('LogSoftmax', array([2, 2], before.map(Math.log)), array([2, 2], after.map(Math.log))).divergence, expected);
    assert.equal(logits.changed, 1, 'a tie counts as the first class');
  });

  it('asks each Sigmoid for itself', () => {
    const { divergence, changed } = distance('Sigmoid', array([2, 2], [0.5, 0.9, 0.2, 0.4]), array([2, 2], [0.5, 0.9, 0.2, 0.8]));
    near(divergence, (0.4 * Math.log(0.4 / 0.8) + 0.6 * Math.log(0.6 / 0.2)) / 2 / 2);
    assert.equal(changed, 0.25);
  });

  it('is the share of the squared size that differs where outputs are numbers', () => {
    const { divergence, changed } = distance('Gemm', array([2, 1], [3, 4]), array([2, 1], [3, 5]));
    near(divergence, 1 / 25);
    assert.equal(changed, undefined);
  });

  it('is 0 for the same answers, also sure ones, and infinite for what is no number', () => {
    const sure = array([2, 2], [1, 0, 0, 1]);
    assert.equal(distance('Softmax', sure, sure).divergence, 0);
    assert.equal(distance('Softmax', sure, array([2, 2], [NaN, NaN, 0, 1])).divergence, Infinity);
    assert.equal(distance('Gemm', array([2, 1], [1, 2]), array([2, 1], [1, Infinity])).divergence, Infinity);
  });

  it('takes bare outputs for classes where labels say so, or one gives each sample a row', () => {
    const forms = (outputs: Readonly<Record<string, NdArray>>, labels?: readonly number[]): string[] =>
      formsOf(graphOf(Object.fromEntries(Object.keys(outputs).map((name) => [name, 'Gemm']))), outputs, labels).map(({ form }) => form);
    const row = array([2, 3], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(forms({ y: row }), ['classes']);
    assert.deepEqual(forms({ y: row }, [0, 2]), ['classes']);
    assert.deepEqual(forms({ y: row }, [0.5, 2]), ['values']);
    assert.deepEqual(forms({ y: row, z: row }), ['values', 'values']);
    assert.deepEqual(forms({ y: row, z: row }, [0, 2]), ['classes', 'values']);
    assert.deepEqual(forms({ y: array([2, 3, 4], Array<number>(24).fill(1)) }), ['values']);
  });
});
