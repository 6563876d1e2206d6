// Back from training: the model as it was given with new numbers in its weights. Nodes, opset and names stay.

import { tensorAttribute } from '../ir/attributes';
import { cloneModel } from '../ir/clone';
import { isOp, type Model, type Tensor } from '../ir/model';
import { tensorFrom } from '../ir/tensors';
import { writerOf } from '../data/preprocess/cast';

/**
 * @param values float32, by name: initializers, or results of Constant nodes, with the element count of the tensor there.
 * Names that the model does not have are a mistake of the caller and throw.
 */
export function exportTrained(model: Model, values: ReadonlyMap<string, Float32Array>): Model {
  const output = cloneModel(model);
  const { graph } = output;
  const constants = new Map(graph.nodes.filter((node) => isOp(node, 'Constant')).map((node) => [node.outputs[0] ?? '', node]));
  for (const [name, data] of values) {
    const initializer = graph.initializers.get(name);
    const node = constants.get(name);
    const constant = node === undefined ? undefined : tensorAttribute(node, 'value');
    if (initializer !== undefined) graph.initializers.set(name, withValues(initializer, data));
    else if (node !== undefined && constant !== undefined) node.attributes.set('value', { kind: 'tensor', value: withValues(constant, data) });
    else throw new Error(`the model has no tensor ${name}`);
  }
  return output;
}

function withValues(tensor: Tensor, values: Float32Array): Tensor {
  const writer = writerOf(tensor.type, values.length, tensor.name);
  values.forEach((value, index) => writer.set(index, value));
  return tensorFrom(tensor.name, { type: tensor.type, dims: tensor.dims, data: writer.data });
}
