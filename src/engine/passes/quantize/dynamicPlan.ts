// Decides which nodes `quantize.dynamic` takes: layers with constant float32 weights that an integer operator can run, and
// lookup tables. How they are rewritten is in dynamicRewrite.ts.

import type { FormCode } from '../../../protocol/text/index';
import { floatAttribute, intAttribute } from '../../ir/attributes';
import { elementCount, isOp, type Model, type Node, type Tensor } from '../../ir/model';

export interface DynamicLayer {
  readonly node: Node;
  readonly kind: 'matMul' | 'gemm' | 'conv' | 'table';
  readonly weight: Tensor;
}

export interface DynamicPlan {
  readonly layers: readonly DynamicLayer[];
  readonly kept: readonly { readonly node: Node; readonly why: Extract<FormCode, `why.${string}`> }[];
}

export interface DynamicRules {
  isIgnored(node: Node): boolean;
  /** Weights of Conv are to be int8, for which ConvInteger has no good kernel. */
  readonly signedConv: boolean;
}

/** MatMul, Gemm and tables below this many weights are left: quantizing their input costs more than they do. */
const TINY = 256;

/** Hold weights, and onnxruntime has no standard integer operator for them. */
const withoutOperator = ['ConvTranspose', 'LSTM', 'GRU', 'RNN'] as const;

export function planDynamic(model: Model, rules: DynamicRules): DynamicPlan {
  const layers: DynamicLayer[] = [];
  const kept: DynamicPlan['kept'][number][] = [];
  for (const node of model.graph.nodes) {
    const judged = judge(node, model, rules);
    if (judged === undefined) continue;
    if (rules.isIgnored(node)) kept.push({ node, why: 'why.ignored' });
    else if (typeof judged === 'string') kept.push({ node, why: judged });
    else layers.push(judged);
  }
  return { layers, kept };
}

/** The layer, why it must stay float, or undefined for nodes that hold no weights. */
function judge(node: Node, model: Model, rules: DynamicRules): DynamicLayer | DynamicPlan['kept'][number]['why'] | undefined {
  if (isOp(node, ...withoutOperator)) return 'why.noKernel';
  if (isOp(node, 'Gather')) return judgeTable(node, model);
  if (!isOp(node, 'MatMul', 'Gemm', 'Conv')) return undefined;
  const [input = '', weightName = '', bias = ''] = node.inputs;
  const weight = constantOf(model, weightName);
  if (weight === undefined || constantOf(model, input) !== undefined) return isOp(node, 'MatMul') ? undefined : 'why.weightNotConstant';
  if (weight.type !== 'float32') return 'why.notFloat32';
  if (isOp(node, 'Conv')) return judgeConv(node, weight, rules);
  if (weight.dims.length < 2) return 'why.weightRank';
  if (elementCount(weight.dims) < TINY || weight.dims.at(-1) === 1) return 'why.tiny';
  if (isOp(node, 'MatMul')) return { node, kind: 'matMul', weight };
  // Without these, Gemm is MatMul and Add; A transposed, or C scaled while running, would need more nodes than it saves.
  if (intAttribute(node, 'transA', 0) !== 0) return 'why.transposedInput';
  if (bias !== '' && constantOf(model, bias) === undefined && floatAttribute(node, 'beta', 1) !== 1) return 'why.biasNotConstant';
  return { node, kind: 'gemm', weight };
}

function judgeConv(node: Node, weight: Tensor, { signedConv }: DynamicRules): DynamicLayer | DynamicPlan['kept'][number]['why'] {
  if (signedConv) return 'why.signedConv';
  // ConvInteger runs groups one after the other: measured 5 times slower than float for depthwise 3 x 3 (ORT 1.32, VNNI).
  if (intAttribute(node, 'group', 1) > 1 && weight.dims[1] === 1) return 'why.depthwise';
  return { node, kind: 'conv', weight };
}

/** An embedding: rows of a constant matrix, chosen by index. */
function judgeTable(node: Node, model: Model): DynamicLayer | DynamicPlan['kept'][number]['why'] | undefined {
  const weight = constantOf(model, node.inputs[0] ?? '');
  if (weight === undefined || constantOf(model, node.inputs[1] ?? '') !== undefined) return undefined;
  if (weight.type !== 'float32' || weight.dims.length !== 2 || intAttribute(node, 'axis', 0) !== 0) return undefined;
  return elementCount(weight.dims) < TINY ? undefined : { node, kind: 'table', weight };
}

/** The initializer of this name, unless a graph input may replace it. */
export function constantOf({ graph }: Model, name: string): Tensor | undefined {
  return graph.inputs.some((input) => input.name === name) ? undefined : graph.initializers.get(name);
}
