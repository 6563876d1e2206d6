// Multiply-accumulates of one node. Convention: one MAC is one multiplication with its addition in a product of tensors
// (convolution, matrix product, recurrent cell, attention), bias additions not counted. Elementwise operators,
// normalization, pooling, softmax, resizing and moving data count 0: they multiply at most once an element and are bound
// by memory. null where a shape is not known, or for an operator whose work is not described here.

import { intAttribute, stringAttribute } from '../ir/attributes';
import { isDefaultDomain, type Node } from '../ir/model';
import { fixed, ruleOf } from '../ir/shapes/index';
import type { TensorShape } from '../ir/shapes/index';
import { einsumMacs } from './costEinsum';

/** Known shape of a tensor seen from the node. */
export type Look = (tensor: string) => TensorShape | undefined;

type Formula = (node: Node, dims: (input: number) => readonly number[] | undefined, output: readonly number[] | undefined) => number | null;

const product = (dims: readonly number[]): number => dims.reduce((total, dim) => total * dim, 1);

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
const recurrent = (gates: number): Formula => (node, dims) => {
  const x = dims(0);
  const w = dims(1);
  const r = dims(2);
  if (x === undefined || w === undefined || r === undefined) return null;
  const directions = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const [first = 0, second = 0, input = 0] = x;
  const hidden = r[2] ?? 0;
  return first * second * directions * gates * hidden * (input + hidden);
};

/** Scores and weighted sum of ONNX Attention, from rank 4 or rank 3 inputs. */
const attention: Formula = (node, dims) => {
  const q = dims(0);
  const k = dims(1);
  const v = dims(2);
  if (q === undefined || k === undefined || v === undefined) return null;
  const past = node.inputs[4] !== undefined && node.inputs[4] !== '' ? dims(4)?.[2] : 0;
  if (past === undefined) return null;
  const [batch = 0] = q;
  const wide = q.length === 4;
  const heads = wide ? (q[1] ?? 0) : intAttribute(node, 'q_num_heads', 1);
  const keyHeads = wide ? (k[1] ?? 0) : intAttribute(node, 'kv_num_heads', 1);
  const length = wide ? (q[2] ?? 0) : (q[1] ?? 0);
  const total = (wide ? (k[2] ?? 0) : (k[1] ?? 0)) + past;
  const size = wide ? (q[3] ?? 0) : (q[2] ?? 0) / heads;
  const valueSize = wide ? (v[3] ?? 0) : (v[2] ?? 0) / keyHeads;
  return batch * heads * length * total * (size + valueSize);
};

/** com.microsoft Attention: the projection [width, 3 * hidden] as well, over a sequence without past. */
const fusedAttention: Formula = (node, dims, output) => {
  const x = dims(0);
  const w = dims(1);
  if (x === undefined || w === undefined || output === undefined || (node.inputs[4] ?? '') !== '') return null;
  const [batch = 0, length = 0, width = 0] = x;
  const columns = w[1] ?? 0;
  const hidden = output.at(-1) ?? 0;
  return batch * length * width * columns + batch * length * length * ((columns - hidden) / 2 + hidden);
};

const multiHeadAttention: Formula = (node, dims) => {
  const q = dims(0);
  const k = dims(1);
  const v = dims(2);
  if (q?.length !== 3 || k?.length !== 3 || v?.length !== 3 || (node.inputs[6] ?? '') !== '') return null;
  const [batch = 0, length = 0, hidden = 0] = q;
  return batch * length * (k[1] ?? 0) * (hidden + (v[2] ?? 0));
};

const blockProduct: Formula = (node, dims) => {
  const a = dims(0);
  const columns = intAttribute(node, 'N');
  return a === undefined || columns === undefined ? null : product(a) * columns;
};

const unknown: Formula = () => null;

const formulas: ReadonlyMap<string, Formula> = new Map(Object.entries({
  Conv: convolution(1), FusedConv: convolution(1), DeformConv: convolution(1), ConvInteger: convolution(1),
  QLinearConv: convolution(3), NhwcConv: convolution(1), NhwcFusedConv: convolution(1), CausalConvWithState: convolution(1),
  ConvTranspose: transposedConvolution,
  MatMul: matrixProduct(), MatMulInteger: matrixProduct(), QLinearMatMul: matrixProduct(), FusedMatMul: matrixProduct('transA'),
  MatMulIntegerToFloat: matrixProduct(), DynamicQuantizeMatMul: matrixProduct(), MatMulInteger16: matrixProduct(),
  Gemm: matrixProduct('transA'), FusedGemm: matrixProduct('transA'), QGemm: matrixProduct('transA'), GemmFloat8: matrixProduct('transA'),
  MatMulNBits: blockProduct, MatMulBnb4: blockProduct, MatMulFpQ4: blockProduct,
  LSTM: recurrent(4), GRU: recurrent(3), RNN: recurrent(1),
  Attention: attention, MultiHeadAttention: multiHeadAttention,
  // Work that is not a product of tensors of known size, or that has several algorithms.
  DFT: unknown, STFT: unknown, Rfft: unknown, Det: unknown, LinearAttention: unknown, QAttention: unknown, Inverse: unknown,
  DynamicQuantizeLSTM: unknown, ConvTransposeWithDynamicPads: unknown, TransposeMatMul: unknown, FusedMatMulActivation: unknown,
}));

export function nodeMacs(node: Node, look: Look): number | null {
  const dims = (input: number): readonly number[] | undefined => {
    const name = node.inputs[input] ?? '';
    return name === '' ? undefined : fixed(look(name)?.shape);
  };
  const output = fixed(look(node.outputs[0] ?? '')?.shape);
  if (node.opType === 'Einsum') return einsumMacs(stringAttribute(node, 'equation', ''), node.inputs.map((_, input) => dims(input)));
  if (node.opType === 'Attention' && !isDefaultDomain(node.domain)) return fusedAttention(node, dims, output);
  const formula = formulas.get(node.opType);
  if (formula !== undefined) return formula(node, dims, output);
  return ruleOf(node) === undefined ? null : 0;
}
