// Which nodes lie between the tensors to differentiate by and the loss: only these need rules.

import { isFloat } from '../../ir/dataTypes';
import { capturedTensors } from '../../ir/graphIndex';
import type { Node } from '../../ir/model';
import type { ShapeMap } from '../../ir/shapes/index';
import { gradientOf } from './table';

export interface GradientPath {
  /** Nodes through which a gradient flows, in graph order. */
  readonly nodes: ReadonlySet<Node>;
  /** Tensors that depend on what is differentiated by, and on which the loss depends. */
  readonly tensors: ReadonlySet<string>;
}

/** Operators whose integer results carry a straight-through gradient. */
const straightThrough: ReadonlySet<string> = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

/** @param nodes in topological order */
export function gradientPath(nodes: readonly Node[], loss: string, by: readonly string[], shapes: ShapeMap): GradientPath {
  const dependent = new Set(by);
  const carriers = new Set<Node>();
  const integers = new Set<string>();
  for (const node of nodes) {
    if (gradientOf(node).kind === 'zero') continue;
    const sources = [...node.inputs, ...capturedTensors(node)].filter((tensor) => dependent.has(tensor));
    if (sources.length === 0) continue;
    carriers.add(node);
    const movesIntegers = straightThrough.has(node.opType) || (node.opType !== 'Cast' && sources.some((tensor) => integers.has(tensor)));
    // Scale and zero point of DynamicQuantizeLinear count as constant.
    const outputs = node.opType === 'DynamicQuantizeLinear' ? node.outputs.slice(0, 1) : node.outputs;
    for (const output of outputs) {
      const type = shapes.tensors.get(output)?.type ?? 'undefined';
      if (output === '' || !(isFloat(type) || type === 'undefined' || movesIntegers)) continue;
      dependent.add(output);
      if (!isFloat(type) && type !== 'undefined') integers.add(output);
    }
  }
  const wanted = new Set([loss]);
  const onPath = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    if (!carriers.has(node) || !node.outputs.some((output) => wanted.has(output) && dependent.has(output))) continue;
    onPath.add(node);
    for (const tensor of [...node.inputs, ...capturedTensors(node)]) if (dependent.has(tensor)) wanted.add(tensor);
  }
  return { nodes: new Set(nodes.filter((node) => onPath.has(node))), tensors: new Set([...wanted].filter((tensor) => dependent.has(tensor))) };
}
