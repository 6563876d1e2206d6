// Checks decompositions: the operators that a `rewrite` writes, run by onnxruntime, against its own kernel of the operator.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import type { Model, Node, ValueInfo } from '../../src/engine/ir/model';
import { inferShapes } from '../../src/engine/ir/shapes/index';
import type { NdArray } from '../../src/engine/ports';
import { readConstants } from '../../src/engine/train/gradient/constants';
import { Forward, rewritten } from '../../src/engine/train/gradient/differentiate';
import { gradientOf } from '../../src/engine/train/gradient/table';
import { GraphBuilder } from '../../src/engine/train/graphBuilder';
import { tensorFrom } from '../../src/engine/ir/tensors';
import { assertClose, type OperatorCase } from './gradientCheck';
import { testRuntime } from './passContext';

/** The model of one node: inputs in `by` (default: all float32) are fed, the others are initializers. */
async function oneNode(test: OperatorCase): Promise<Model> {
  const by = test.by ?? test.inputs.flatMap((input, position) => (input?.type === 'float32' ? [position] : []));
  const given = test.inputs.flatMap((input, position): [number, NdArray][] => (input === null ? [] : [[position, input]]));
  const outputs = Array.from({ length: test.outputs ?? 1 }, (_, position) => (test.omit?.includes(position) === true ? '' : `y${position}`));
  const node = makeNode(test.op, test.inputs.map((input, position) => (input === null ? '' : `x${position}`)), outputs, test.attributes ?? {}, { domain: test.domain ?? '' });
  const opsets: Record<string, number> = { '': test.opset ?? 21, ...(test.domain !== undefined && test.domain !== '' && { [test.domain]: 1 }) };
  const types = (await inferShapes(modelOf([]))).tensors;
  return modelOf(outputs.filter((name) => name !== '').map((name) => makeValue(name, types.get(name)?.type ?? 'float32', null)));

  function modelOf(results: readonly ValueInfo[]): Model {
    return makeModel(makeGraph({
      nodes: [node],
      inputs: given.filter(([position]) => by.includes(position)).map(([position, array]) => makeValue(`x${position}`, array.type, array.dims)),
      outputs: results,
      initializers: given.filter(([position]) => !by.includes(position)).map(([position, array]) => tensorFrom(`x${position}`, array)),
    }), opsets, 10);
  }
}

/** The model with its nodes replaced until no `rewrite` is left. */
export async function decomposed(model: Model): Promise<Model> {
  const copy: Model = { ...model, graph: { ...model.graph, nodes: [...model.graph.nodes], initializers: new Map(model.graph.initializers) } };
  const builder = new GraphBuilder(copy.graph);
  while (copy.graph.nodes.some((node) => gradientOf(node).kind === 'rewrite')) {
    const forward = new Forward(copy, await inferShapes(copy), await readConstants(copy.graph, new Set()), builder);
    const nodes: Node[] = copy.graph.nodes.flatMap((node) => {
      const entry = gradientOf(node);
      return entry.kind === 'rewrite' ? rewritten(node, builder, () => entry.rewrite(forward.context(node))) : [node];
    });
    copy.graph.nodes.splice(0, Infinity, ...nodes);
  }
  return copy;
}

async function run(model: Model, feeds: Record<string, NdArray>): Promise<Record<string, NdArray>> {
  const session = await testRuntime.createSession(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** The outputs of the decomposition by name. */
export async function runDecomposed(test: OperatorCase): Promise<Record<string, NdArray>> {
  return (await both(test, false)).found;
}

/** Every output of the decomposition equals that of onnxruntime's kernel, norm-wise. */
export async function checkForward(test: OperatorCase, tolerance = 1e-5): Promise<void> {
  const { wanted, found } = await both(test, true);
  for (const [name, array] of Object.entries(wanted)) {
    assert.deepEqual(found[name]?.dims, array.dims, `${test.op}: shape of ${name}`);
    assertClose(Float64Array.from(array.data as Float32Array), found[name]?.data as Float32Array, tolerance, `${test.op}: ${name} (expected: the kernel)`);
  }
}

async function both(test: OperatorCase, kernel: boolean): Promise<{ readonly wanted: Record<string, NdArray>; readonly found: Record<string, NdArray> }> {
  const model = await oneNode(test);
  const feeds = Object.fromEntries(model.graph.inputs.map(({ name }) => [name, test.inputs[Number(name.slice(1))] as NdArray]));
  const replaced = await decomposed(model);
  assert.ok(replaced.graph.nodes.every((node) => node.opType !== test.op || node.domain !== (test.domain ?? '')), `${test.op} is still there`);
  return { wanted: kernel ? await run(model, feeds) : {}, found: await run(replaced, feeds) };
}
