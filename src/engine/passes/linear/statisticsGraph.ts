// The part of a model before some of its layers, with nodes behind it that reduce what enters each layer to what passes
// want to know: squared norms of the columns (Wanda) or their Gram matrix X Xᵀ (SparseGPT). Activations never leave the graph.

import { int, ints } from '../../ir/attributes';
import { makeValue } from '../../ir/build';
import { cloneModel } from '../../ir/clone';
import { wireOf } from '../../ir/dataTypes';
import { dropUnused } from '../../ir/edit/index';
import { isOp, type Model, type Node, type ValueInfo } from '../../ir/model';
import { inferShapes } from '../../ir/shapes/index';
import { columnsGraph, upstream, writerOn } from './columns';
import type { LinearWeight } from './findWeights';
import { columnsOf } from './layout';

export type StatisticKind = 'norms' | 'gram';

/** What is wanted of one weight: `blocks` equal parts of its columns, all groups one after the other. */
export interface Wanted {
  readonly weight: LinearWeight;
  /** Parts of a group's columns that are looked at apart from each other; 1 where the memory allows. */
  readonly parts: number;
}

export interface StatisticsGraph {
  readonly model: Model;
  /**
   * For each wanted weight: output with its sums over samples and places, [groups * parts, columns / parts] (norms) or
   * the same with the last axis twice (gram), and outputs (int64) that say how many values the columns had in all.
   */
  readonly outputs: readonly { readonly sums: string; readonly sizes: readonly string[] }[];
}

export async function statisticsGraph(model: Model, wanted: readonly Wanted[], kind: StatisticKind): Promise<StatisticsGraph> {
  const copy = cloneModel(model);
  const build = writerOn(copy);
  const { tensors } = await inferShapes(copy);
  const inputs = wanted.flatMap(({ weight }) => weight.nodes.map((node) => node.inputs[0] ?? ''));
  copy.graph.nodes = upstream(copy, inputs);
  const reduced = (node: Node, { weight: { layout }, parts }: Wanted): Reduced => {
    const input = node.inputs[0] ?? '';
    const single = tensors.get(input)?.type === 'float32' ? input : build.node('Cast', [input], { to: int(wireOf('float32')) });
    const whole = columnsGraph(build, single, node, layout);
    const columns = parts === 1 ? whole : build.reshape(whole, [layout.groups * parts, columnsOf(layout) / parts, -1]);
    const sums = kind === 'norms'
      ? build.sumOverLast(build.node('Mul', [columns, columns]))
      : build.node('MatMul', [columns, build.node('Transpose', [columns], { perm: ints([0, 2, 1]) })]);
    return { sums, size: build.node('Size', [columns]) };
  };
  /** Query, key and value look at the same activations. */
  const known = new Map<string, Reduced>();
  const outputs = wanted.map((one) => {
    const seen = one.weight.nodes.map((node) => {
      const key = isOp(node, 'MatMul') ? `${node.inputs[0] ?? ''} / ${one.parts}` : node.outputs[0] ?? '';
      const found = known.get(key) ?? reduced(node, one);
      known.set(key, found);
      return found;
    });
    const [first, ...rest] = seen;
    const sums = first === undefined || rest.length > 0 ? build.node('Sum', seen.map((each) => each.sums)) : first.sums;
    return { sums, sizes: seen.map(({ size }) => size) };
  });
  const results = new Map<string, ValueInfo>();
  for (const { sums, sizes } of outputs) {
    results.set(sums, makeValue(sums, 'float32', null));
    for (const size of sizes) results.set(size, makeValue(size, 'int64', []));
  }
  copy.graph.outputs = [...results.values()];
  dropUnused(copy.graph);
  return { model: copy, outputs };
}

interface Reduced {
  readonly sums: string;
  readonly size: string;
}
