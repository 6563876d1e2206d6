// MatMul of matrices followed by the Add of a constant vector becomes one Gemm, so that the bias joins the integer sum.
// onnxruntime makes that fusion itself, but with a float bias, and then no 8-bit kernel fits any more.

import { indexGraph } from '../../ir/graphIndex';
import { type Graph, type Node, elementCount, isOp } from '../../ir/model';
import type { TensorShape } from '../../ir/shapes/index';
import type { Origins } from '../pass';

/** Edits `graph`; `typeOf` gives inferred types. Returns the origins with those of the two nodes joined. */
export function joinMatMulBias(graph: Graph, origins: Origins, typeOf: (tensor: string) => TensorShape | undefined): Origins {
  const index = indexGraph(graph);
  const result = new Map(origins);
  const gone = new Set<Node>();
  for (const add of graph.nodes) {
    const found = isOp(add, 'Add') ? findPair(add, graph, index, typeOf) : undefined;
    if (found === undefined) continue;
    const { product, bias } = found;
    const output = add.outputs[0] as string;
    gone.add(add);
    result.set(output, [...new Set([...(origins.get(product.outputs[0] as string) ?? []), ...(origins.get(output) ?? [])])]);
    result.delete(product.outputs[0] as string);
    product.opType = 'Gemm';
    product.inputs = [...product.inputs, bias];
    product.outputs = [output];
  }
  graph.nodes = graph.nodes.filter((node) => !gone.has(node));
  return result;
}

function findPair(add: Node, graph: Graph, index: ReturnType<typeof indexGraph>, typeOf: (tensor: string) => TensorShape | undefined) {
  for (const [position, sum] of add.inputs.entries()) {
    const product = index.producer.get(sum);
    const bias = add.inputs[1 - position] ?? '';
    if (product === undefined || !isOp(product, 'MatMul') || !isMatrix(typeOf(product.inputs[0] ?? ''))) continue;
    const weight = graph.initializers.get(product.inputs[1] ?? '');
    const shift = graph.initializers.get(bias);
    const channels = weight?.dims[1];
    if (weight?.dims.length !== 2 || shift === undefined || index.inputs.has(bias)) continue;
    const fits = elementCount(shift.dims) === channels && shift.dims.at(-1) === channels && shift.dims.length <= 2;
    if (fits && index.uses(sum).length === 1 && !index.outputs.has(sum)) return { product, bias };
  }
  return undefined;
}

function isMatrix(tensor: TensorShape | undefined): boolean {
  return tensor?.type === 'float32' && tensor.shape?.length === 2;
}
