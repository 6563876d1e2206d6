// Multiply-accumulates of one node. Convention: one MAC is one multiplication with its addition in a product of tensors
// (convolution, matrix product, recurrent cell, attention, transform), bias additions not counted. Elementwise operators,
// normalization, pooling, softmax, resizing and moving data count 0: they multiply at most a few times an element and are
// bound by memory. null where a shape is not known, or where the work depends on data.

import { intAttribute, stringAttribute } from '../ir/attributes';
import { isDefaultDomain, type Node } from '../ir/model';
import { fixed, ruleOf } from '../ir/shapes/index';
import type { TensorShape } from '../ir/shapes/index';
import { attentionFormulas } from './costAttention';
import { einsumMacs } from './costEinsum';
import { dependsOnData, type Formula, product } from './costFormula';
import { transformFormulas } from './costTransforms';

/** Known shape of a tensor seen from the node. */
export type Look = (tensor: string) => TensorShape | undefined;

/** Every output element takes one window of weights [M, C/group, ...kernel]. */
const convolution = (weights: number): Formula => (_, dims, output) => {
  const w = dims(weights);
  return w === undefined || output === undefined ? null : product(output) * product(w.slice(1));
};

/** Every input element meets every weight of its channel [C, M/group, ...kernel]. */
const transposedConvolution: Formula = (_, dims) => {
  const x = dims(0);
  const w = dims(1);
  return x === undefined || w === undefined ? null : product(x) * product(w.slice(1));
};

/** Every output element is a sum over the last axis of A (or its first, transposed). */
const matrixProduct = (transposed?: string): Formula => (node, dims, output) => {
  const a = dims(0);
  if (a === undefined || output === undefined) return null;
  const depth = transposed !== undefined && intAttribute(node, transposed, 0) === 1 ? a.at(-2) : a.at(-1);
  return depth === undefined ? null : product(output) * depth;
};

/** `gates` products of the input [input size] and of the state [hidden size] a step. */
const recurrent = (gates: number, hiddenAxis = 2): Formula => (node, dims) => {
  const x = dims(0);
  const r = dims(2);
  if (x === undefined || r === undefined) return null;
  const directions = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const [first = 0, second = 0, input = 0] = x;
  const hidden = r[hiddenAxis] ?? 0;
  return first * second * directions * gates * hidden * (input + hidden);
};

/** Packed weights of size K by N. */
const blockProduct: Formula = (node, dims) => {
  const a = dims(0);
  const columns = intAttribute(node, 'N');
  return a === undefined || columns === undefined ? null : product(a) * columns;
};

/** Weights in bytes that hold several elements each, along the last axis. */
const packedElements = (node: Node): number => 8 / intAttribute(node, 'expert_weight_bits', 4);

/** Each token goes through `k` experts: weights [experts, ...] at the given inputs; the router is a node of its own. */
const experts = (weights: readonly number[], packed: boolean): Formula => (node, dims) => {
  const x = dims(0);
  if (x === undefined) return null;
  let each = 0;
  for (const input of weights) {
    if ((node.inputs[input] ?? '') === '') continue;
    const w = dims(input);
    if (w === undefined) return null;
    each += product(w.slice(1)) * (packed ? packedElements(node) : 1);
  }
  return product(x.slice(0, -1)) * intAttribute(node, 'k', 1) * each;
};

/** Every sample meets every coefficient. */
const linearModel = (coefficients: string): Formula => (node, dims) => {
  const x = dims(0);
  const list = node.attributes.get(coefficients);
  return x === undefined || list?.kind !== 'floats' ? null : (x.length === 1 ? 1 : (x[0] ?? 0)) * list.value.length;
};

/** Every pair of rows of A [n, d] and B [m, d]. */
const pairs: Formula = (_, dims) => {
  const a = dims(0);
  const b = dims(1);
  return a === undefined || b === undefined ? null : product(a) * (b[0] ?? 0);
};

/** Query [batch, length, hidden] by weights [head size, columns], for every head. */
const gatedBias: Formula = (_, dims) => {
  const query = dims(0);
  const weights = dims(3);
  return query === undefined || weights === undefined ? null : product(query) * (weights[1] ?? 0);
};

const formulas: ReadonlyMap<string, Formula> = new Map(Object.entries({
  Conv: convolution(1), FusedConv: convolution(1), DeformConv: convolution(1), ConvInteger: convolution(1),
  QLinearConv: convolution(3), NhwcConv: convolution(1), NhwcFusedConv: convolution(1), CausalConvWithState: convolution(1),
  ConvTranspose: transposedConvolution, ConvTransposeWithDynamicPads: transposedConvolution,
  MatMul: matrixProduct(), MatMulInteger: matrixProduct(), QLinearMatMul: matrixProduct(), FusedMatMul: matrixProduct('transA'),
  FusedMatMulActivation: matrixProduct('transA'), TransposeMatMul: matrixProduct('transA'), QOrderedMatMul: matrixProduct(),
  MatMulIntegerToFloat: matrixProduct(), DynamicQuantizeMatMul: matrixProduct(), MatMulInteger16: matrixProduct(), GemmFastGelu: matrixProduct(),
  Gemm: matrixProduct('transA'), FusedGemm: matrixProduct('transA'), QGemm: matrixProduct('transA'), GemmFloat8: matrixProduct('transA'),
  MatMulNBits: blockProduct, MatMulBnb4: blockProduct, MatMulFpQ4: blockProduct,
  MoE: experts([2, 4, 6], false), QMoE: experts([2, 5, 8], true),
  LSTM: recurrent(4), GRU: recurrent(3), RNN: recurrent(1),
  // Its state weights are [directions, hidden, 4 * hidden].
  DynamicQuantizeLSTM: recurrent(4, 1),
  LinearClassifier: linearModel('coefficients'), LinearRegressor: linearModel('coefficients'),
  SVMClassifier: linearModel('support_vectors'), SVMRegressor: linearModel('support_vectors'),
  CDist: pairs, GatedRelativePositionBias: gatedBias,
  SparseToDenseMatMul: dependsOnData, Gradient: dependsOnData, BeamSearch: dependsOnData, WhisperBeamSearch: dependsOnData, GreedySearch: dependsOnData, Sampling: dependsOnData,
  ...attentionFormulas, ...transformFormulas,
}));

/** Whether the operator has a formula, or one that says its work is not known from shapes. */
export function macsKind(domain: string, opType: string): 'formula' | 'unknown' | 'none' {
  const formula = opType === 'Einsum' ? convolution : formulas.get(opType);
  if (formula === undefined || ruleOf({ domain, opType }) === undefined) return 'none';
  return formula === dependsOnData ? 'unknown' : 'formula';
}

export function nodeMacs(node: Node, look: Look): number | null {
  if (ruleOf(node) === undefined) return null;
  const dims = (input: number): readonly number[] | undefined => {
    const name = node.inputs[input] ?? '';
    return name === '' ? undefined : fixed(look(name)?.shape);
  };
  const first = (input: number): number | undefined => {
    const [value = null] = look(node.inputs[input] ?? '')?.value ?? [];
    return typeof value === 'number' ? value : undefined;
  };
  const output = fixed(look(node.outputs[0] ?? '')?.shape);
  if (node.opType === 'Einsum') return einsumMacs(stringAttribute(node, 'equation', ''), node.inputs.map((_, input) => dims(input)));
  const op = node.opType === 'Attention' && !isDefaultDomain(node.domain) ? 'FusedAttention' : node.opType;
  const formula = formulas.get(op);
  return formula === undefined ? 0 : formula(node, dims, output, first);
}
