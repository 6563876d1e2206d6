// If, Loop and Scan: their bodies are inferred with what enters them, and what leaves is what holds on every path.

import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { largerDim } from '../dims';
import type { Rule } from '../rule';
import { axisOf, join, tensor, unknownTensor, type TensorShape } from '../tensorShape';

/** Both branches are inferred; a known condition chooses one, otherwise what both agree on remains. */
const branch: Rule = ({ inputs: [condition], body }) => {
  const yes = body('then_branch', []);
  const no = body('else_branch', []);
  const [test = null] = condition?.value ?? [];
  if (test !== null) return test === 0 ? no : yes;
  return yes.map((value, index) => join(value, no[index] ?? unknownTensor));
};

interface Settled {
  /** What holds of the carried values in every round. */
  readonly carried: readonly TensorShape[];
  /** All outputs of the body for them. */
  readonly results: readonly TensorShape[];
}

/** Carried values are widened until the body gives back what it was given; each round can only lose knowledge. */
function widen(initial: readonly TensorShape[], run: (carried: readonly TensorShape[]) => readonly TensorShape[]): Settled {
  let carried = initial;
  // Every round opens at least one dimension or value, then the rank, then the type: far fewer rounds than this.
  for (let round = 0; round < 32; round++) {
    const results = run(carried);
    const next = carried.map((value, index) => join(value, results[index] ?? unknownTensor));
    if (JSON.stringify(next) === JSON.stringify(carried)) return { carried, results };
    carried = next;
  }
  const open = initial.map(() => unknownTensor);
  return { carried: open, results: run(open) };
}

/** The condition is a carried value like the others: while it is known to hold, the trip count is the number of rounds. */
const loop: Rule = ({ inputs: [trips, start, ...values], body }) => {
  const initial = values.map((value) => value ?? unknownTensor);
  const condition = start ?? tensor('bool', [], [1]);
  const { carried: [going, ...carried], results: [, ...results] } = widen([condition, ...initial], (state) => body('body', [tensor('int64', []), ...state]));
  const [count = null] = trips?.value ?? [];
  const rounds = count === 0 || condition.value?.[0] === 0 ? 0 : going?.value?.[0] === 1 ? atLeastZero(count) : null;
  const states = carried.map((value, index) => (value.type === 'undefined' ? typedAs(value, results[index] ?? unknownTensor) : value));
  const stacked = results.slice(initial.length).map((value) => tensor(value.type, value.shape === null ? null : [rounds, ...value.shape]));
  return [...states, ...stacked];
};

/** A state that enters as an optional and leaves as a plain value has the type that the body gives it. */
const typedAs = (value: TensorShape, { type, containers }: TensorShape): TensorShape => ({ ...value, type, ...(containers !== undefined && { containers }) });

/** A name alone stands for a size, which is never negative. */
const atLeastZero = (count: Dim): Dim => (typeof count === 'string' && !/[-( ]/.test(count) ? count : largerDim(count, 0));

/** Opset 8 has a batch axis in front and an input of sequence lengths; opset 9 chooses axes by attribute. */
const scan: Rule = ({ node, opset, inputs, body }) => {
  const scanned = intAttribute(node, 'num_scan_inputs', 1);
  const batched = opset < 9;
  const [...values] = (batched ? inputs.slice(1) : inputs).map((value) => value ?? unknownTensor);
  const initial = values.slice(0, values.length - scanned);
  const sequences = values.slice(values.length - scanned);
  const axes = intsAttribute(node, 'scan_input_axes') ?? sequences.map(() => 0);
  const front = batched ? 1 : 0;
  const [first] = sequences;
  const length = first?.shape?.[front + (batched ? 0 : (axisOf(axes[0] ?? 0, first.shape.length) ?? 0))] ?? null;
  const elements = sequences.map((value, index) => {
    const axis = axisOf(axes[index] ?? 0, value.shape?.length ?? 0);
    return tensor(value.type, value.shape?.filter((_, at) => (batched ? at > 1 : at !== axis)) ?? null);
  });
  const inside = (value: TensorShape): TensorShape => (batched ? tensor(value.type, value.shape?.slice(1) ?? null) : value);
  const { carried, results } = widen(initial.map(inside), (state) => body('body', [...state, ...elements]));
  const batch = initial[0]?.shape?.[0] ?? first?.shape?.[0] ?? null;
  const outputAxes = intsAttribute(node, 'scan_output_axes') ?? [];
  return results.map((value, index) => {
    const state = index < initial.length;
    const own = state ? (carried[index] ?? value) : value;
    if (own.shape === null) return own;
    if (batched) return tensor(own.type, state ? [batch, ...own.shape] : [batch, length, ...own.shape]);
    if (state) return tensor(own.type, own.shape);
    const axis = axisOf(outputAxes[index - initial.length] ?? 0, own.shape.length + 1) ?? 0;
    return tensor(own.type, own.shape.toSpliced(axis, 0, length));
  });
};

export const controlRules = { If: branch, Loop: loop, Scan: scan } as const satisfies Record<string, Rule>;
