// Einsum written as transposes, products and sums: onnxruntime's own Einsum takes 1.6 to 2.4 times as long on the
// equations of attention (2 threads, [16, 8, 128, 64]), and the gradients are those of MatMul.

import { stringAttribute } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';
import { product } from '../axes';
import type { ForwardContext, ForwardRewrite } from '../rule';

/** A tensor with one letter an axis; no letter twice. */
interface Operand {
  readonly name: string;
  readonly letters: readonly string[];
  readonly shape: readonly number[];
}

interface Equation {
  readonly operands: readonly Operand[];
  readonly output: readonly string[];
}

/** From left to right, two operands at a time; a diagonal (a letter twice in one operand) is refused. */
export const einsum: ForwardRewrite = (context) => {
  const { build } = context;
  const { operands, output } = parsed(context);
  const narrow = withoutRepeated(build, operands);
  const [first = context.refuse('inputs=0'), ...rest] = narrow;
  const contracted = rest.reduce((left, right, index) => {
    const later = new Set([...output, ...rest.slice(index + 1).flatMap(({ letters }) => letters)]);
    return contract(build, left, right, later, output);
  }, first);
  return [ordered(build, summed(build, contracted, (letter) => !output.includes(letter)), output).name];
};

/** Axes of size 1 that meet larger ones are left out: products broadcast anyway. */
function withoutRepeated(build: GraphBuilder, operands: readonly Operand[]): Operand[] {
  const sizes = new Map<string, number>();
  for (const { letters, shape } of operands) letters.forEach((letter, axis) => sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shape[axis] ?? 1)));
  return operands.map((operand) => {
    const kept = [...operand.letters.keys()].filter((axis) => operand.shape[axis] === sizes.get(operand.letters[axis] ?? ''));
    return shaped(build, operand, kept.map((axis) => operand.letters[axis] ?? ''), kept.map((axis) => operand.shape[axis] ?? 1));
  });
}

/** The product of two operands, summed over the letters that nothing later asks for. `output` only gives an order. */
function contract(build: GraphBuilder, a: Operand, b: Operand, later: ReadonlySet<string>, output: readonly string[]): Operand {
  const left = summed(build, a, (letter) => !later.has(letter) && !b.letters.includes(letter));
  const right = summed(build, b, (letter) => !later.has(letter) && !a.letters.includes(letter));
  const place = (letter: string): number => (output.includes(letter) ? output.indexOf(letter) : output.length);
  const inOrder = (letters: readonly string[]): string[] => [...letters].sort((one, other) => place(one) - place(other));
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const gone = shared.filter((letter) => !later.has(letter));
  const rows = inOrder(left.letters.filter((letter) => !shared.includes(letter)));
  const columns = inOrder(right.letters.filter((letter) => !shared.includes(letter)));
  if (gone.length === 0 || (rows.length === 0 && columns.length === 0)) return elementwise(build, left, right, new Set(gone));
  const batch = inOrder(shared.filter((letter) => later.has(letter)));
  const columnsFirst = place(columns[0] ?? '') < place(rows[0] ?? '');
  return columnsFirst ? matrixProduct(build, right, left, { batch, gone, rows: columns, columns: rows }) : matrixProduct(build, left, right, { batch, gone, rows, columns });
}

interface Roles {
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly gone: readonly string[];
}

/** [batch, rows, gone] x [batch, gone, columns], each role one axis (batch as many as it has). */
function matrixProduct(build: GraphBuilder, a: Operand, b: Operand, { batch, rows, columns, gone }: Roles): Operand {
  const sizeIn = ({ letters, shape }: Operand) => (letter: string): number => shape[letters.indexOf(letter)] ?? 1;
  const leading = batch.map(sizeIn(a));
  const merged = (operand: Operand, first: readonly string[], second: readonly string[]): Operand => shaped(build, ordered(build, operand, [...batch, ...first, ...second]),
    ['*'], [...leading, product(first.map(sizeIn(operand))), product(second.map(sizeIn(operand)))]);
  const [left, right] = [merged(a, rows, gone), merged(b, gone, columns)];
  const result = { name: build.matmul(left.name, right.name), letters: ['*'], shape: [...left.shape.slice(0, -1), right.shape.at(-1) ?? 1] };
  return shaped(build, result, [...batch, ...rows, ...columns], [...leading, ...rows.map(sizeIn(a)), ...columns.map(sizeIn(b))]);
}

function elementwise(build: GraphBuilder, a: Operand, b: Operand, gone: ReadonlySet<string>): Operand {
  const letters = [...a.letters, ...b.letters.filter((letter) => !a.letters.includes(letter))];
  const sizeOf = (operand: Operand, letter: string): number => operand.shape[operand.letters.indexOf(letter)] ?? 1;
  const aligned = (operand: Operand): Operand => shaped(build, ordered(build, operand, letters.filter((letter) => operand.letters.includes(letter))),
    letters, letters.map((letter) => sizeOf(operand, letter)));
  const name = build.mul(aligned(a).name, aligned(b).name);
  const shape = letters.map((letter) => Math.max(sizeOf(a, letter), sizeOf(b, letter)));
  return summed(build, { name, letters, shape }, (letter) => gone.has(letter));
}

function summed(build: GraphBuilder, { name, letters, shape }: Operand, isGone: (letter: string) => boolean): Operand {
  const axes = [...letters.keys()];
  const gone = axes.filter((axis) => isGone(letters[axis] ?? ''));
  const kept = axes.filter((axis) => !gone.includes(axis));
  return { name: build.reduceSum(name, gone, false), letters: kept.map((axis) => letters[axis] ?? ''), shape: kept.map((axis) => shape[axis] ?? 1) };
}

function ordered(build: GraphBuilder, { name, letters, shape }: Operand, wanted: readonly string[]): Operand {
  const perm = wanted.map((letter) => letters.indexOf(letter));
  return { name: build.transpose(name, perm), letters: wanted, shape: perm.map((axis) => shape[axis] ?? 1) };
}

function shaped(build: GraphBuilder, { name, shape }: Operand, letters: readonly string[], wanted: readonly number[]): Operand {
  const same = wanted.length === shape.length && wanted.every((size, axis) => size === shape[axis]);
  return { name: same ? name : build.reshape(name, wanted), letters, shape: wanted };
}

const ALPHABET = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** The ellipsis is spelled out in letters that the equation does not use; its axes line up at the last, as in numpy. */
function parsed({ node, facts, refuse }: ForwardContext): Equation {
  const equation = stringAttribute(node, 'equation', '');
  const text = equation.replaceAll(' ', '');
  const [left = '', right] = text.split('->');
  const terms = left.split(',');
  const shapes = node.inputs.map((input) => facts(input).shape);
  const free = ALPHABET.filter((letter) => !text.includes(letter));
  const covered = terms.map((term, position) => (term.includes('...') ? (shapes[position]?.length ?? 0) - term.length + '...'.length : 0));
  const widest = Math.max(0, ...covered);
  const spelled = (term: string, axes: number): string[] => [...term.replace('...', free.slice(widest - axes, widest).join(''))];
  const operands = terms.map((term, position) => ({ name: node.inputs[position] ?? '', letters: spelled(term, covered[position] ?? 0), shape: shapes[position] ?? [] }));
  if (operands.some(({ letters }) => new Set(letters).size < letters.length)) return refuse(`equation=${equation}`);
  return { operands, output: spelled(right ?? implicitOutput(terms), widest) };
}

/** Without an arrow: letters that occur once, in order, behind the ellipsis. */
function implicitOutput(terms: readonly string[]): string {
  const letters = [...terms.join('').replaceAll('.', '')];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort().join('');
  return terms.some((term) => term.includes('...')) ? `...${once}` : once;
}
