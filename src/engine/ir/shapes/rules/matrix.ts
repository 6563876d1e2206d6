// Matrix products, and contractions written as equations.

import { intAttribute, stringAttribute } from '../../attributes';
import type { DataType } from '../../dataTypes';
import type { Dim } from '../../model';
import { broadcast, unify, type Shape } from '../dims';
import type { Rule, RuleContext } from '../rule';
import { tensor, type TensorShape } from '../tensorShape';

/** Shape of numpy.matmul: leading axes broadcast, vectors lose their axis. */
export function productShape(a: Shape | null | undefined, b: Shape | null | undefined): Shape | null {
  if (a === null || a === undefined || b === null || b === undefined || a.length === 0 || b.length === 0) return null;
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2)) ?? [];
  const rows = a.length === 1 ? [] : [left.at(-2) ?? null];
  const columns = b.length === 1 ? [] : [right.at(-1) ?? null];
  return [...batch, ...rows, ...columns];
}

/** Product of inputs `a` and `b`. */
export const product = (a: number, b: number, result: (context: RuleContext) => DataType): Rule => (context) =>
  [tensor(result(context), productShape(context.inputs[a]?.shape, context.inputs[b]?.shape))];

export const firstType = ({ inputs }: RuleContext): DataType => inputs[0]?.type ?? 'undefined';

/** Gemm: A [M, K] or its transpose, B [K, N] or its transpose; opset 6 and before also took more axes in A. */
export const gemm: Rule = ({ node, inputs: [a, b] }) => {
  const rows = matrixDim(a, intAttribute(node, 'transA', 0) === 1 ? 1 : 0);
  const columns = matrixDim(b, intAttribute(node, 'transB', 0) === 1 ? 0 : 1);
  return [tensor(a?.type ?? 'undefined', [rows, columns])];
};

const matrixDim = (x: TensorShape | undefined, axis: number): Dim => (x?.shape?.length === 2 ? (x.shape[axis] ?? null) : null);

/** Einsum in explicit or implicit form, with ellipsis. */
const einsum: Rule = ({ node, inputs }) => {
  const type = inputs[0]?.type ?? 'undefined';
  const [left = '', right] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->');
  const sizes = new Map<string, Dim>();
  let ellipsis: Shape | null = [];
  for (const [index, term] of left.split(',').entries()) {
    const shape = inputs[index]?.shape;
    if (shape === null || shape === undefined) return [tensor(type, null)];
    const letters = term.split('...');
    const [before = '', after = ''] = letters;
    [...before].forEach((letter, axis) => meet(letter, shape[axis] ?? null));
    [...after].forEach((letter, axis) => meet(letter, shape[shape.length - after.length + axis] ?? null));
    if (letters.length > 1) ellipsis = broadcast(ellipsis, shape.slice(before.length, shape.length - after.length));
  }
  const output = right ?? implicitOutput(left);
  const [before = '', after] = output.split('...');
  const dims = (text: string): Dim[] => [...text].map((letter) => sizes.get(letter) ?? null);
  return [tensor(type, after === undefined ? dims(before) : [...dims(before), ...(ellipsis ?? []), ...dims(after)])];

  function meet(letter: string, dim: Dim): void {
    const known = sizes.get(letter) ?? null;
    sizes.set(letter, known === 1 ? dim : dim === 1 && known !== null ? known : (unify(known, dim) ?? null));
  }
};

/** Letters that occur once, in alphabetical order, after an ellipsis. */
function implicitOutput(left: string): string {
  const letters = [...left.replaceAll(/[.,]/g, '')].sort();
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).join('');
  return left.includes('...') ? `...${once}` : once;
}

export const matrixRules = {
  MatMul: product(0, 1, firstType),
  MatMulInteger: product(0, 1, () => 'int32'),
  QLinearMatMul: product(0, 3, ({ inputs }) => inputs[7]?.type ?? 'undefined'),
  Gemm: gemm,
  Einsum: einsum,
  Det: ({ inputs: [x] }) => [tensor(x?.type ?? 'undefined', x?.shape?.slice(0, -2) ?? null)],
} as const satisfies Record<string, Rule>;
