// Models in other float types are trained in float32 and written back in their own (exportTrained.ts): half precision
// loses small updates, and CPUs have few kernels for it.

import { int, intAttribute, tensorAttribute } from '../ir/attributes';
import { type DataType, dataTypeOf, wireOf } from '../ir/dataTypes';
import { makeNode } from '../ir/build';
import { namesOf } from '../ir/graphIndex';
import { type Model, type Node, isOp, type Tensor } from '../ir/model';
import { readTensor, tensorFrom } from '../ir/tensors';
import { numberAt } from '../data/preprocess/cast';

const others: ReadonlySet<DataType> = new Set<DataType>(['float16', 'float64']);

/** Weights, casts and inner values of the main graph, in place. Inputs keep their type and are cast. */
export async function toSinglePrecision(model: Model): Promise<void> {
  const { graph } = model;
  if (!usesOthers(model)) return;
  for (const [name, tensor] of graph.initializers) if (others.has(tensor.type)) graph.initializers.set(name, await single(tensor));
  for (const node of graph.nodes) {
    if (isOp(node, 'Cast') && others.has(dataTypeOf(intAttribute(node, 'to', 0)))) node.attributes.set('to', int(wireOf('float32')));
    const value = tensorAttribute(node, 'value');
    if (value !== undefined && others.has(value.type)) node.attributes.set('value', { kind: 'tensor', value: await single(value) });
  }
  const names = namesOf(graph);
  const casts: Node[] = [];
  for (const { name, type } of graph.inputs) {
    if (type?.kind !== 'tensor' || !others.has(type.type)) continue;
    let cast = `${name}/float32`;
    while (names.has(cast)) cast += '_';
    for (const node of graph.nodes) node.inputs = node.inputs.map((input) => (input === name ? cast : input));
    casts.push(makeNode('Cast', [name], [cast], { to: int(wireOf('float32')) }));
  }
  graph.nodes = [...casts, ...graph.nodes];
  graph.outputs = graph.outputs.map((value) => (value.type?.kind === 'tensor' && others.has(value.type.type) ? { ...value, type: { ...value.type, type: 'float32' } } : value));
  graph.valueInfo = new Map();
}

function usesOthers({ graph }: Model): boolean {
  const stated = [...graph.inputs, ...graph.outputs].some(({ type }) => type?.kind === 'tensor' && others.has(type.type));
  return stated || [...graph.initializers.values()].some(({ type }) => others.has(type));
}

async function single(tensor: Tensor): Promise<Tensor> {
  const array = await readTensor(tensor);
  const at = numberAt(array);
  return tensorFrom(tensor.name, { type: 'float32', dims: tensor.dims, data: Float32Array.from({ length: array.data.length }, (_, index) => at(index)) });
}
