// Einsum: the gradient by one operand is an Einsum of dL/dY with the other operands. Letters that only this operand has
// were summed alone: the gradient is repeated along them.

import { string, stringAttribute } from '../../../ir/attributes';
import type { GradientRule, RuleContext } from '../rule';

interface Equation {
  /** Letters by operand, the ellipsis written out; one letter an axis. */
  readonly terms: readonly string[];
  readonly output: string;
}

export const einsum: GradientRule = (context) => {
  const { node, needs, facts } = context;
  const shapes = node.inputs.map((input) => facts(input).shape);
  const equation = parsed(context, shapes);
  return node.inputs.map((_, position) => (needs(position) ? byOperand(context, equation, shapes, position) : undefined));
};

function byOperand({ node, build, gradient, facts, refuse }: RuleContext, { terms, output }: Equation, shapes: readonly (readonly number[])[], position: number): string {
  const term = terms[position] ?? '';
  const shape = shapes[position] ?? [];
  if (new Set(term).size < term.length) return refuse(`equation=${stringAttribute(node, 'equation', '')}`);
  const others = node.inputs.flatMap((name, at) => (at === position ? [] : [{ name, term: terms[at] ?? '', shape: shapes[at] ?? [] }]));
  const sources = [{ name: gradient, term: output, shape: facts(node.outputs[0] ?? '').shape }, ...others];
  // The size of a letter where it comes from; 1 where it is nowhere but in this operand.
  const sizeOf = (letter: string): number => Math.max(1, ...sources.map((source) => source.shape[source.term.indexOf(letter)] ?? 1));
  // An axis of size 1 that met larger ones was repeated: it is summed by leaving its letter out.
  const kept = [...term].filter((letter, axis) => sizeOf(letter) === (shape[axis] ?? 1) && sources.some((source) => source.term.includes(letter))).join('');
  const same = sources.length === 1 && kept === output;
  const contracted = same ? gradient : build.node('Einsum', sources.map(({ name }) => name), {
    equation: string(`${sources.map((source) => source.term).join(',')}->${kept}`),
  });
  if (kept === term) return contracted;
  const aligned = build.reshape(contracted, [...term].map((letter, axis) => (kept.includes(letter) ? (shape[axis] ?? 1) : 1)));
  const repeated = [...term].some((letter, axis) => !kept.includes(letter) && shape[axis] !== 1);
  return repeated ? build.node('Expand', [aligned, build.ints(shape)]) : aligned;
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** Letters for the axes of the ellipsis are taken from those that the equation does not use; the last ones line up, as in numpy. */
function parsed({ node }: RuleContext, shapes: readonly (readonly number[])[]): Equation {
  const text = stringAttribute(node, 'equation', '').replaceAll(' ', '');
  const [left = '', right] = text.split('->');
  const terms = left.split(',');
  const free = LETTERS.filter((letter) => !text.includes(letter));
  const covered = (term: string, rank: number): number => (term.includes('...') ? rank - term.replace('...', '').length : 0);
  const widest = Math.max(0, ...terms.map((term, position) => covered(term, shapes[position]?.length ?? 0)));
  const spelled = (term: string, axes: number): string => term.replace('...', free.slice(widest - axes, widest).join(''));
  return {
    terms: terms.map((term, position) => spelled(term, covered(term, shapes[position]?.length ?? 0))),
    output: spelled(right ?? implicitOutput(terms), widest),
  };
}

/** Without an arrow: letters that occur once, in order, behind the ellipsis. */
function implicitOutput(terms: readonly string[]): string {
  const letters = [...terms.join('').replaceAll('.', '')];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort().join('');
  return terms.some((term) => term.includes('...')) ? `...${once}` : once;
}
