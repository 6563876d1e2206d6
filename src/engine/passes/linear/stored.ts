// Stored tensors by name, wherever a model keeps them: initializers and Constant nodes.

import { tensorAttribute } from '../../ir/attributes';
import { isOp, type Model, type Node, type Tensor } from '../../ir/model';

/** The stored tensor of a weight: an initializer or the value of a Constant node. */
export function storedTensor(model: Model, name: string): Tensor | undefined {
  return model.graph.initializers.get(name) ?? constantValue(constantNode(model, name));
}

/** Puts a tensor of the same type and shape in the place of another, in place. */
export function storeTensor(model: Model, name: string, tensor: Tensor): void {
  if (model.graph.initializers.has(name)) model.graph.initializers.set(name, tensor);
  else constantNode(model, name)?.attributes.set('value', { kind: 'tensor', value: tensor });
}

function constantNode({ graph }: Model, name: string): Node | undefined {
  return graph.nodes.find((node) => isOp(node, 'Constant') && node.outputs[0] === name);
}

function constantValue(node: Node | undefined): Tensor | undefined {
  return node === undefined ? undefined : tensorAttribute(node, 'value');
}
