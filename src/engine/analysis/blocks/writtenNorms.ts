// Normalizations that an exporter wrote out in small operators: removing blocks does not see that one stands behind a block.
// Only how many there are; making one operator of each is the clean-up's.

import { isOp, type Model, type Node } from '../../ir/model';
import { type DataFlow, dataFlowOf } from './dataFlow';

export interface WrittenNorms {
  readonly count: number;
  /** The lowest opset of ai.onnx that has an operator for each. */
  readonly opset: number;
}

/** ONNX "LayerNormalization" and "RMSNormalization", since version. */
const LAYER_NORMALIZATION_OPSET = 17;
const RMS_NORMALIZATION_OPSET = 23;

/**
 * Counts where the deviation of a LayerNormalization or RMSNormalization is computed: the root of a mean of squares and a constant.
 *
 * @throws EngineError `invalidGraph` on a cycle.
 */
export function writtenNorms({ graph }: Model): WrittenNorms {
  const flow = dataFlowOf(graph);
  const squared = flow.order.flatMap((node) => squareUnder(node, flow) ?? []);
  const isCentered = ({ inputs: [value = ''] }: Node): boolean => madeBy(value, 'Sub', flow) !== undefined;
  return { count: squared.length, opset: squared.every(isCentered) ? LAYER_NORMALIZATION_OPSET : RMS_NORMALIZATION_OPSET };
}

/** The node that squares, where `root` takes the root of the mean of its results. */
function squareUnder(root: Node, flow: DataFlow): Node | undefined {
  const sum = isOp(root, 'Sqrt', 'Pow') ? madeBy(root.inputs[0], 'Add', flow) : undefined;
  if (sum?.inputs.some(flow.isConstant) !== true) return undefined;
  const mean = sum.inputs.map((input) => madeBy(input, 'ReduceMean', flow)).find((node) => node !== undefined);
  const product = madeBy(mean?.inputs[0], 'Mul', flow);
  return madeBy(mean?.inputs[0], 'Pow', flow) ?? (product?.inputs[0] === product?.inputs[1] ? product : undefined);
}

function madeBy(tensor: string | undefined, op: string, { producer }: DataFlow): Node | undefined {
  const node = producer.get(tensor ?? '');
  return node !== undefined && isOp(node, op) ? node : undefined;
}
