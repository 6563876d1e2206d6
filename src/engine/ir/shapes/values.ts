// Elements of small tensors, read before inference starts: rules are synchronous, tensors may be on disk. Large tensors
// (weights) are never read.

import type { Graph, Model, Node, Tensor } from '../model';
import { elementCount } from '../model';
import { isInteger } from '../dataTypes';
import { readTensor } from '../tensors';
import { maxValueElements } from './tensorShape';

/** Float values steer shapes only as scales of Resize and bounds of Range: longer ones are weights. */
const maxFloatElements = 16;

/** Elements by tensor record. Integers beyond 2^53 lose their last bits. */
export type SmallValues = ReadonlyMap<Tensor, readonly number[]>;

export async function readSmallValues(model: Model): Promise<SmallValues> {
  const wanted: Tensor[] = [];
  collect(model.graph, wanted);
  for (const definition of model.functions) definition.nodes.forEach((node) => collectNode(node, wanted));
  const values = new Map<Tensor, readonly number[]>();
  for (const tensor of wanted) {
    if (isSmall(tensor)) values.set(tensor, Array.from((await readTensor(tensor)).data, Number));
  }
  return values;
}

function collect(graph: Graph, into: Tensor[]): void {
  into.push(...graph.initializers.values());
  for (const node of graph.nodes) collectNode(node, into);
}

function collectNode(node: Node, into: Tensor[]): void {
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'tensor') into.push(attribute.value);
    if (attribute.kind === 'graph') collect(attribute.value, into);
    if (attribute.kind === 'graphs') attribute.value.forEach((graph) => collect(graph, into));
  }
}

function isSmall(tensor: Tensor): boolean {
  const count = elementCount(tensor.dims);
  if (isInteger(tensor.type) || tensor.type === 'bool') return count <= maxValueElements;
  return (tensor.type === 'float32' || tensor.type === 'float64') && count <= maxFloatElements;
}
