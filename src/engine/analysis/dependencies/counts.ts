// Sizes that become numbers of a computation: a mean written out as a sum divided by the size of a Shape. After pruning it
// counts the entries that stay, as the operator ReduceMean does.

import { isFloat } from '../../ir/dataTypes';
import type { Node } from '../../ir/model';
import type { ShapeMap } from '../../ir/shapes/index';

/** Shape nodes whose result is cast to a float type, directly or after arithmetic on sizes. */
export function countingNodes(order: readonly Node[], shapes: ShapeMap): readonly Node[] {
  const sources = new Map<string, ReadonlySet<Node>>();
  const counting = new Set<Node>();
  for (const node of order) {
    const from = new Set(node.opType === 'Shape' || node.opType === 'Size' ? [node] : node.inputs.flatMap((input) => [...(sources.get(input) ?? [])]));
    if (from.size === 0) continue;
    for (const output of node.outputs) {
      const type = shapes.tensors.get(output)?.type ?? 'undefined';
      if (node.opType === 'Cast' && isFloat(type)) from.forEach((source) => counting.add(source));
      // Results in other types than sizes have are data that sizes shaped: Reshape, Expand.
      else if ((type === 'int64' || type === 'int32') && !isShaped(node)) sources.set(output, from);
    }
  }
  return [...counting];
}

function isShaped(node: Node): boolean {
  return ['Reshape', 'Expand', 'ConstantOfShape', 'Range'].includes(node.opType) && node.inputs.length > 0;
}
