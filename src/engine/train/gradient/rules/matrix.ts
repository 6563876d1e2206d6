// Matrix products. Two-dimensional ones become Gemm, which reads transposed operands in place; batched ones Transpose and
// MatMul, which onnxruntime's optimiser fuses (as fast as writing com.microsoft.FusedMatMul, measured on [16, 8, 128, 64]).

import { float, floatAttribute, int, intAttribute } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';
import { product } from '../axes';
import { sumTo } from '../broadcast';
import { type GradientRule, type GradientTable, refused, rewrite, rule } from '../rule';
import { einsum } from './einsum';

/** A matrix [rows, columns], or a batch of them. */
interface Matrices {
  readonly name: string;
  /** Two axes or more. */
  readonly shape: readonly number[];
}

type Wanted = readonly [boolean, boolean];
type Pair = readonly [string | undefined, string | undefined];

interface GemmForm {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

/** Of Y = alpha op(A) op(B), all of two axes: dL/d op(A) = alpha G op(B)^T, dL/d op(B) = alpha op(A)^T G. */
function gemmGradients(build: GraphBuilder, [a, b, gradient]: readonly [string, string, string], { transA, transB, alpha }: GemmForm, wanted: Wanted): Pair {
  const times = (x: string, transX: boolean, y: string, transY: boolean): string => build.node('Gemm', [x, y], {
    ...(transX && { transA: int(1) }), ...(transY && { transB: int(1) }), ...(alpha !== 1 && { alpha: float(alpha) }),
  });
  return [
    !wanted[0] ? undefined : transA ? times(b, transB, gradient, true) : times(gradient, false, b, !transB),
    !wanted[1] ? undefined : transB ? times(gradient, true, a, transA) : times(a, !transA, gradient, false),
  ];
}

/** Of Y = A B, where the axes before the last two broadcast. */
function productGradients(build: GraphBuilder, a: Matrices, b: Matrices, gradient: Matrices, wanted: Wanted): Pair {
  if (product(b.shape.slice(0, -2)) === 1) return oneMatrixGradients(build, a, b, gradient, wanted);
  const leading = gradient.shape.slice(0, -2);
  return [
    wanted[0] ? sumTo(build, build.matmul(gradient.name, transposed(build, b)), [...leading, ...a.shape.slice(-2)], a.shape) : undefined,
    wanted[1] ? sumTo(build, build.matmul(transposed(build, a), gradient.name), [...leading, ...b.shape.slice(-2)], b.shape) : undefined,
  ];
}

/**
 * B is one matrix: its gradient is one product over all rows of A, not a batch of products and their sum (1.0 against
 * 1.7 ms on [32, 64, 128] x [128, 512], 2 threads).
 */
function oneMatrixGradients(build: GraphBuilder, a: Matrices, b: Matrices, gradient: Matrices, wanted: Wanted): Pair {
  const rows = (matrices: Matrices): string => shaped(build, matrices, [product(matrices.shape.slice(0, -1)), matrices.shape.at(-1) ?? 1]);
  const [dA, dB] = gemmGradients(build, [rows(a), rows(b), rows(gradient)], { transA: false, transB: false, alpha: 1 }, wanted);
  const back = (name: string | undefined, shape: readonly number[]): string | undefined =>
    (name === undefined || shape.length === 2 ? name : build.reshape(name, shape));
  return [back(dA, a.shape), back(dB, b.shape)];
}

function transposed(build: GraphBuilder, { name, shape: { length: rank } }: Matrices): string {
  return build.transpose(name, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

const shaped = (build: GraphBuilder, { name, shape }: Matrices, wanted: readonly number[]): string =>
  (shape.length === wanted.length ? name : build.reshape(name, wanted));

/** Vectors are matrices of one row (left) or one column (right) whose axis the result has not. */
const matMul: GradientRule = ({ node, gradient, build, facts, needs }) => {
  const [a = '', b = '', y = ''] = [...node.inputs, ...node.outputs];
  const [left, right, result] = [facts(a).shape, facts(b).shape, facts(y).shape];
  const [leftVector, rightVector] = [left.length === 1, right.length === 1];
  const matrices = (name: string, shape: readonly number[], wanted: readonly number[]): Matrices => ({ name: shaped(build, { name, shape }, wanted), shape: wanted });
  const leading = result.slice(0, result.length - (leftVector ? 0 : 1) - (rightVector ? 0 : 1));
  const [dA, dB] = productGradients(build,
    matrices(a, left, leftVector ? [1, ...left] : left),
    matrices(b, right, rightVector ? [...right, 1] : right),
    matrices(gradient, result, [...leading, leftVector ? 1 : (left.at(-2) ?? 1), rightVector ? 1 : (right.at(-1) ?? 1)]),
    [needs(0), needs(1)]);
  const back = (name: string | undefined, shape: readonly number[]): string | undefined =>
    (name !== undefined && shape.length === 1 ? build.reshape(name, shape) : name);
  return [back(dA, left), back(dB, right)];
};

/** Y = alpha op(A) op(B) + beta C, where C is absent or broadcasts to Y. */
const gemm: GradientRule = ({ node, gradient, build, facts, input, needs }) => {
  const { shape, type } = facts(node.outputs[0] ?? '');
  const form = { transA: intAttribute(node, 'transA', 0) === 1, transB: intAttribute(node, 'transB', 0) === 1, alpha: floatAttribute(node, 'alpha', 1) };
  const [dA, dB] = gemmGradients(build, [node.inputs[0] ?? '', node.inputs[1] ?? '', gradient], form, [needs(0), needs(1)]);
  const c = input(2);
  if (c === undefined || !needs(2)) return [dA, dB];
  const summed = sumTo(build, gradient, shape, facts(c).shape);
  const beta = floatAttribute(node, 'beta', 1);
  return [dA, dB, beta === 1 ? summed : build.mul(summed, build.scalar(beta, type))];
};

export const matrixGradients = {
  // Its gradient is det(X) X^-T, and no standard operator inverts a matrix.
  Det: refused,
  Einsum: rewrite(einsum),
  Gemm: rule(gemm),
  MatMul: rule(matMul),
} satisfies GradientTable<string>;
