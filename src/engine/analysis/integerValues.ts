// What the integers of a tensor stand for in a model of integer operators (QOperator form): the scale and zero point with
// which its maker wrote them. By the graph alone; nothing is computed.

import type { GraphIndex } from '../ir/graphIndex';
import type { Node } from '../ir/model';

/** Names of the tensors that turn integers q into reals (q - zeroPoint) * scale. */
export interface IntegerMap {
  readonly scale: string;
  /** '' for 0. */
  readonly zeroPoint: string;
}

/** Position of the scale of the result among the inputs; its zero point follows. The other QLinear operators take one tensor. */
const resultScale: Readonly<Record<string, number>> = {
  QuantizeLinear: 1, QLinearConv: 6, QLinearMatMul: 6, QLinearAdd: 6, QLinearMul: 6, QGemm: 7, QLinearConcat: 0, QLinearWhere: 7,
};
const afterOneTensor = 3;

/** Give elements of their first input, so that what these stand for does not change. */
const moving = new Set([
  'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice', 'Gather', 'Split', 'Expand', 'Tile', 'DepthToSpace', 'SpaceToDepth',
  'MaxPool', 'Resize', 'Pad', 'Identity',
]);

/** What the values of `tensor` stand for; undefined where it is not the result of an integer operator. */
export function integerMapOf(tensor: string, index: GraphIndex): IntegerMap | undefined {
  const seen = new Set<Node>();
  for (let node = index.producer.get(tensor); node !== undefined && !seen.has(node); node = index.producer.get(node.inputs[0] ?? '')) {
    seen.add(node);
    const position = positionOf(node);
    if (position !== undefined) {
      const [scale = '', zeroPoint = ''] = node.inputs.slice(position, position + 2);
      return scale === '' ? undefined : { scale, zeroPoint };
    }
    if (!moving.has(node.opType)) return undefined;
  }
  return undefined;
}

function positionOf({ opType }: Node): number | undefined {
  if (Object.hasOwn(resultScale, opType)) return resultScale[opType];
  return opType.startsWith('QLinear') ? afterOneTensor : undefined;
}
