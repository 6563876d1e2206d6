// Which groups of units belong to transformer blocks: heads of attention, and neurons of feed-forward blocks. Widths of the
// residual stream, poolers, classifiers and plain dense layers are none of them; `prune.channels` takes those.

import { type Dependencies, type DependencyGroup, isLabels, type Relations } from '../../../analysis/dependencies/index';
import { isOp, type Model } from '../../../ir/model';
import type { UnitKind } from './options';

/** The kind of units by group id. */
export function findUnits(model: Model, { groups, relations }: Dependencies): ReadonlyMap<string, UnitKind> {
  const mixed = mixedValues(model, relations);
  return new Map(groups.flatMap((group): [string, UnitKind][] => {
    if (group.size < 2) return [];
    if (group.kind === 'heads') return [[group.id, 'heads']];
    return group.kind === 'neurons' && isFeedForward(group, relations, mixed) ? [[group.id, 'neurons']] : [];
  }));
}

/**
 * Neurons between products that read a residual stream and products that add to it: the other axis of all their matrices is
 * the same. That tells them from dense layers in a row, however wide, and from poolers before a classifier.
 */
function isFeedForward({ layers, weights, activations }: DependencyGroup, { axes, labels }: Relations, mixed: ReadonlySet<string>): boolean {
  const reads = layers.some(({ role }) => role === 'reads');
  // Values that a lone attention head puts together are no feed-forward neurons.
  if (!reads || activations.some(({ tensor }) => mixed.has(tensor))) return false;
  const streams: Int32Array[] = [];
  for (const { tensor, axis } of weights) {
    const others = (axes.get(tensor) ?? []).filter((own, index) => index !== axis && isLabels(own) && own.length > 1);
    if (others.length > 1) return false;
    for (const other of others) if (isLabels(other)) streams.push(other);
  }
  const [first] = streams;
  // Where something on the stream is locked before it, its entries were never tied: then the reason is the same.
  const same = (a: number, b: number): boolean => labels.find(a) === labels.find(b) || (labels.lockOf(a) !== undefined && labels.lockOf(a) === labels.lockOf(b));
  return first !== undefined && streams.length > 1 && streams.every((stream) => stream.length === first.length && stream.every((label, at) => same(label, first[at] ?? -1)));
}

/** Results of products of two activations. */
function mixedValues({ graph }: Model, { constants }: Relations): ReadonlySet<string> {
  const products = graph.nodes.filter((node) => isOp(node, 'MatMul', 'Einsum') && !node.inputs.some((name) => constants.has(name)));
  return new Set(products.flatMap(({ outputs }) => outputs));
}
