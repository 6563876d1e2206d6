// Layers with weights of their own as training sees them: which nodes they are, which of them end the network, and what
// activation follows them.

import { constantsOf } from '../analysis/constants';
import { isLinear } from '../analysis/layerRoles';
import { floatAttribute } from '../ir/attributes';
import { capturedTensors, type GraphIndex, topologicalOrder } from '../ir/graphIndex';
import { type Graph, isOp, type Node } from '../ir/model';

const recurrent: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN', 'Einsum', 'Attention']);

/** Linear and recurrent nodes with a stored operand, in topological order. */
export function weightedNodes(graph: Graph): Node[] {
  const order = topologicalOrder(graph);
  const constants = constantsOf(graph, order);
  return order.filter((node) => !constants.nodes.has(node) && (isLinear(node) || recurrent.has(node.opType))
    && node.inputs.slice(0, 2).some((input) => input !== '' && constants.has(input)));
}

/** Weighted nodes from which every path reaches the output without another weighted layer: the classifier, and its like. */
export function headNodes(graph: Graph): Set<Node> {
  const weighted = new Set(weightedNodes(graph));
  /** Tensors from which a weighted node can be reached. */
  const leading = new Set<string>();
  const heads = new Set<Node>();
  for (const node of topologicalOrder(graph).reverse()) {
    const leads = node.outputs.some((output) => leading.has(output));
    if (weighted.has(node) && !leads) heads.add(node);
    if (leads || weighted.has(node)) for (const input of [...node.inputs, ...capturedTensors(node)]) leading.add(input);
  }
  return heads;
}

/** What follows a layer: a rectifier (with the slope of its negative side), something that saturates, or nothing of the kind. */
export type FollowingActivation = { readonly kind: 'rectifier'; readonly slope: number } | { readonly kind: 'saturating' | 'none' };

/** Keep about half of a symmetric signal: `Relu` and what was made after it. Erf and Sigmoid times x are Gelu and Swish written out. */
const rectifiers: ReadonlySet<string> = new Set([
  'Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Celu', 'Selu', 'Clip', 'ThresholdedRelu', 'Gelu', 'HardSwish', 'Swish', 'Mish', 'Softplus', 'Erf',
  'QuickGelu', 'FastGelu', 'BiasGelu',
]);
const saturating: ReadonlySet<string> = new Set(['Tanh', 'Sigmoid', 'HardSigmoid', 'Softsign', 'Softmax', 'LogSoftmax']);
/** What stands between a layer and its activation. */
const between: ReadonlySet<string> = new Set([
  'Add', 'Sub', 'Mul', 'Div', 'BatchNormalization', 'InstanceNormalization', 'GroupNormalization', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze',
  'Transpose', 'Identity', 'Dropout', 'Concat', 'Split', 'Slice', 'Pad', 'Cast', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Sum',
]);
/** `alpha` of LeakyRelu where the node does not say. */
const LEAKY_SLOPE = 0.01;

/** The first activation behind a node, nearest first. */
export function activationAfter(node: Node, index: GraphIndex): FollowingActivation {
  const queue = [...node.outputs];
  const seen = new Set(queue);
  for (let tensor = queue.shift(); tensor !== undefined; tensor = queue.shift()) {
    for (const { node: user } of index.uses(tensor)) {
      if (rectifiers.has(user.opType) || gates(user, tensor, index)) {
        return { kind: 'rectifier', slope: isOp(user, 'LeakyRelu') ? floatAttribute(user, 'alpha', LEAKY_SLOPE) : 0 };
      }
      if (saturating.has(user.opType)) return { kind: 'saturating' };
      if (!between.has(user.opType)) continue;
      for (const output of user.outputs) {
        if (output === '' || seen.has(output)) continue;
        seen.add(output);
        queue.push(output);
      }
    }
  }
  return { kind: 'none' };
}

/** x * Sigmoid(x): Swish written out. */
function gates(node: Node, tensor: string, index: GraphIndex): boolean {
  if (!isOp(node, 'Sigmoid', 'HardSigmoid')) return false;
  return index.uses(node.outputs[0] ?? '').some(({ node: user }) => isOp(user, 'Mul') && user.inputs.includes(tensor));
}

