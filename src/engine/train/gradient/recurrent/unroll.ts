// What LSTM, GRU and RNN have in common: directions, layouts, sequence lengths, and one product of all inputs with the input
// weights before the steps, which then multiply by the recurrent weights only.

import { int, intAttribute, stringAttribute } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';
import type { ForwardContext } from '../rule';
import type { Activation } from './activations';

/** Hidden state [batch, hidden] and, of LSTM, the cell state; undefined where it is zero. */
export interface State {
  readonly h: string | undefined;
  readonly c?: string | undefined;
}

export interface Direction {
  readonly build: GraphBuilder;
  readonly hidden: number;
  /** [gates * hidden, hidden] each, with the gates of `Cell.products`. */
  readonly recurrent: readonly string[];
  /** Added at each step by the cell, [hidden]. */
  readonly stepBias: string | undefined;
  /** Three of [hidden], of LSTM with peepholes. */
  readonly peepholes: readonly string[];
  readonly activations: readonly Activation[];
}

/** Biases [gates * hidden] of input and recurrent weights. */
export interface Biases {
  readonly input: string;
  readonly recurrent: string;
}

/** How a cell computes a step. */
export interface Cell {
  readonly gates: number;
  /** Gates of each product of the state with recurrent weights. */
  readonly products: readonly number[];
  readonly activationsEach: number;
  /** What goes ahead into the product of inputs and input weights, [gates * hidden], and what is left to the steps. */
  biases(build: GraphBuilder, biases: Biases, hidden: number): { readonly ahead: string; readonly step?: string };
  /** @param projected inputs times input weights plus the bias that goes ahead, [batch, gates * hidden] */
  step(direction: Direction, projected: string, state: State): State & { readonly h: string };
}

/** Positions of the optional inputs that differ between the operators. */
const SEQUENCE_LENS = 4;
const INITIAL_H = 5;
const INITIAL_C = 6;
const PEEPHOLE = 7;

/**
 * onnxruntime takes more than twice the time to load twice the nodes: the graph of an LSTM and its gradient 4 s at 200 steps,
 * 97 s at 800 (two cores, onnxruntime 1.30). Longer ones look as if they hung.
 */
const MOST_STEPS = 1000;

/** Unrolls the node; gives Y, Y_h and, where the cell has one, Y_c. */
export function unroll(context: ForwardContext, cell: Cell, activations: (directions: number) => readonly Activation[]): readonly string[] {
  const { node, build, facts } = context;
  const layout = intAttribute(node, 'layout', 0);
  const x = layout === 1 ? build.transpose(node.inputs[0] ?? '', [1, 0, 2]) : (node.inputs[0] ?? '');
  const [first = 0, second = 0, width = 0] = facts(node.inputs[0] ?? '').shape;
  const [steps, batch] = layout === 1 ? [second, first] : [first, second];
  const [directions = 1, , hidden = 0] = facts(node.inputs[2] ?? '').shape;
  const direction = stringAttribute(node, 'direction', 'forward');
  if ((direction === 'bidirectional') !== (directions === 2)) context.refuse(`direction=${direction}`);
  if (steps === 0 || steps > MOST_STEPS) context.refuse(`${steps} steps`);
  const rows = build.reshape(x, [steps * batch, width]);
  const each = (position: number, dims: readonly number[]): readonly (string | undefined)[] => perDirection(context, position, directions, dims);
  const state = (position: number): readonly (string | undefined)[] => {
    const input = context.input(position);
    if (layout === 0 || input === undefined) return each(position, [batch, hidden]);
    return splitFirst(build, build.transpose(input, [1, 0, 2]), directions, [batch, hidden]);
  };
  const [w, r, b] = [each(1, [cell.gates * hidden, width]), each(2, [cell.gates * hidden, hidden]), each(3, [2 * cell.gates * hidden])];
  const [initialH, initialC, peepholes] = [state(INITIAL_H), state(INITIAL_C), each(PEEPHOLE, [3 * hidden])];
  const functions = activations(directions);
  const inside = stepMasks(context, steps);
  const runs = Array.from({ length: directions }, (_, index) => {
    const [input, recurrent] = b[index] === undefined ? [] : split(build, b[index], [cell.gates * hidden, cell.gates * hidden], 0);
    const bias = input === undefined || recurrent === undefined ? undefined : cell.biases(build, { input, recurrent }, hidden);
    const one: Direction = {
      build, hidden, stepBias: bias?.step,
      recurrent: split(build, r[index] ?? '', cell.products.map((gates) => gates * hidden), 0),
      peepholes: peepholes[index] === undefined ? [] : split(build, peepholes[index], [hidden, hidden, hidden], 0),
      activations: functions.slice(index * cell.activationsEach, (index + 1) * cell.activationsEach),
    };
    const projected = product(build, rows, w[index] ?? '', bias?.ahead);
    const parts = split(build, projected, equal(steps, batch), 0);
    return runSteps(one, cell, parts, { h: initialH[index], c: initialC[index] }, inside, direction === 'reverse' || index === 1);
  });
  return collected(context, runs, { layout, steps, batch, hidden });
}

interface Run {
  /** Hidden states by time, zero behind the end of a sequence. */
  readonly outputs: readonly string[];
  readonly last: State & { readonly h: string };
}

function runSteps(direction: Direction, cell: Cell, projected: readonly string[], initial: State, inside: readonly string[] | undefined, reverse: boolean): Run {
  const { build } = direction;
  const outputs: string[] = [];
  const order = projected.map((_, time) => (reverse ? projected.length - 1 - time : time));
  // Reversed, a shorter sequence starts at its own end: until then its state stays the initial one.
  let state: State = initial;
  let last: Run['last'] | undefined;
  for (const time of order) {
    const made = cell.step(direction, projected[time] ?? '', state);
    const mask = inside?.[time];
    const held = (now: string, before: string | undefined): string => (mask === undefined ? now : build.where(mask, now, before ?? build.scalar(0)));
    last = { h: held(made.h, state.h), c: made.c === undefined ? undefined : held(made.c, state.c) };
    outputs[time] = mask === undefined ? made.h : build.where(mask, made.h, build.scalar(0));
    state = last;
  }
  return { outputs, last: last as Run['last'] };
}

/** [batch, 1] bool a step: whether the sequence reaches it. Undefined where all sequences have full length. */
function stepMasks(context: ForwardContext, steps: number): readonly string[] | undefined {
  const { build } = context;
  const lengths = context.input(SEQUENCE_LENS);
  if (lengths === undefined || context.elements(lengths)?.every((length) => length === steps) === true) return undefined;
  const column = build.node('Unsqueeze', [lengths, build.ints([1])]);
  return Array.from({ length: steps }, (_, time) => build.node('Greater', [column, build.scalar(time, 'int32')]));
}

function collected(context: ForwardContext, runs: readonly Run[], { layout, steps, batch, hidden }: { layout: number; steps: number; batch: number; hidden: number }): readonly string[] {
  const { node, build } = context;
  const wanted = (position: number): boolean => (node.outputs[position] ?? '') !== '';
  const all = (): string => {
    const each = runs.map(({ outputs }) => build.reshape(build.concat(outputs, 0), [steps, 1, batch, hidden]));
    const y = build.concat(each, 1);
    return layout === 1 ? build.transpose(y, [2, 0, 1, 3]) : y;
  };
  const final = (states: readonly string[]): string => {
    const y = build.concat(states.map((state) => build.reshape(state, [1, batch, hidden])), 0);
    return layout === 1 ? build.transpose(y, [1, 0, 2]) : y;
  };
  return [
    wanted(0) ? all() : '',
    wanted(1) ? final(runs.map(({ last }) => last.h)) : '',
    wanted(2) ? final(runs.map(({ last }) => last.c ?? '')) : '',
  ].slice(0, node.outputs.length);
}

/** An input [directions, ...dims] as one tensor of `dims` a direction. */
function perDirection(context: ForwardContext, position: number, directions: number, dims: readonly number[]): readonly (string | undefined)[] {
  const input = context.input(position);
  return input === undefined ? Array.from({ length: directions }, () => undefined) : splitFirst(context.build, input, directions, dims);
}

function splitFirst(build: GraphBuilder, input: string, count: number, dims: readonly number[]): readonly string[] {
  return split(build, input, equal(count, 1), 0).map((part) => build.reshape(part, dims));
}

const equal = (count: number, size: number): readonly number[] => Array.from({ length: count }, () => size);

/** Parts of these sizes along an axis. */
export function split(build: GraphBuilder, input: string, sizes: readonly number[], axis: number): readonly string[] {
  return sizes.length === 1 ? [input] : build.nodes('Split', [input, build.ints(sizes)], sizes.length, { axis: int(axis) });
}

/** x [n, k] times w [m, k] transposed, plus c where there is one: one kernel. */
export function product(build: GraphBuilder, x: string, w: string, c?: string): string {
  return build.node('Gemm', c === undefined ? [x, w] : [x, w, c], { transB: int(1) });
}
