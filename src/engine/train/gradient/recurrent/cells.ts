// One step of LSTM (Hochreiter and Schmidhuber 1997; peepholes: Gers 2000), GRU (Cho 2014) and the plain recurrent network,
// in the gate orders of ONNX. A state of undefined is zero: its products are not written.

import type { Activation } from './activations';
import { type Cell, type Direction, product, split, type State } from './unroll';
import { int } from '../../../ir/attributes';

/** A bias of all gates, input and recurrent together: both are added to the same sum. */
const bothBiases = ({ build, bias }: Direction): string | undefined => (bias === undefined ? undefined : build.add(bias.input, bias.recurrent));

/** Recurrent network: h = f(x W + h R + b). */
export const plainCell: Cell = {
  gates: 1,
  activationsEach: 1,
  inputBias: bothBiases,
  step: ({ build, recurrent, activations: [f] }, projected, { h }) =>
    ({ h: (f as Activation)(h === undefined ? projected : product(build, h, recurrent, projected)) }),
};

/** Gates in the order input, output, forget, cell; peepholes input, output, forget. */
export function lstmCell(options: { readonly coupled: boolean }): Cell {
  return {
    gates: 4,
    activationsEach: 3,
    inputBias: bothBiases,
    step: (direction, projected, state) => lstmStep(direction, projected, state, options.coupled),
  };
}

function lstmStep(direction: Direction, projected: string, { h, c }: State, coupled: boolean): ReturnType<Cell['step']> {
  const { build, hidden, recurrent, peephole } = direction;
  const [f, g, last] = direction.activations as readonly [Activation, Activation, Activation];
  const sums = h === undefined ? projected : product(build, h, recurrent, projected);
  const [inSum = '', outSum = '', forgetSum = '', cellSum = ''] = split(build, sums, 4, hidden, 1);
  const [inPeep, outPeep, forgetPeep] = peephole === undefined ? [] : split(build, peephole, 3, hidden, 0);
  const peeped = (sum: string, weight: string | undefined, cell: string | undefined): string =>
    (weight === undefined || cell === undefined ? sum : build.add(sum, build.mul(weight, cell)));
  const input = f(peeped(inSum, inPeep, c));
  const fresh = build.mul(input, g(cellSum));
  const forget = (): string => (coupled ? build.sub(build.scalar(1), input) : f(peeped(forgetSum, forgetPeep, c)));
  const cell = c === undefined ? fresh : build.add(fresh, build.mul(forget(), c));
  const output = f(peeped(outSum, outPeep, cell));
  // onnxruntime (uni_directional_lstm.cc) clips the sums of the gates, not the cell.
  return { c: cell, h: build.mul(output, last(cell, { clip: false })) };
}

/** Gates in the order update, reset, hidden. */
export function gruCell(options: { readonly linearBeforeReset: boolean }): Cell {
  return {
    gates: 3,
    activationsEach: 2,
    inputBias: (direction) => (options.linearBeforeReset ? withoutHiddenRecurrentBias(direction) : bothBiases(direction)),
    step: (direction, projected, state) => gruStep(direction, projected, state, options.linearBeforeReset),
  };
}

/** With linear_before_reset, the recurrent bias of the hidden gate is multiplied by the reset gate: it cannot go ahead. */
function withoutHiddenRecurrentBias({ build, bias, hidden }: Direction): string | undefined {
  if (bias === undefined) return undefined;
  const zeros = build.filled([hidden], 0);
  return build.add(bias.input, build.concat([build.slice(bias.recurrent, 0, 0, 2 * hidden), zeros], 0));
}

function gruStep(direction: Direction, projected: string, { h }: State, linearBeforeReset: boolean): ReturnType<Cell['step']> {
  const { build, hidden, recurrent, bias } = direction;
  const [f, g] = direction.activations as readonly [Activation, Activation];
  const hiddenBias = linearBeforeReset && bias !== undefined ? build.slice(bias.recurrent, 0, 2 * hidden, 3 * hidden) : undefined;
  const [gateInput = '', hiddenInput = ''] = pair(direction, projected);
  if (h === undefined) {
    const [updateSum = '', resetSum = ''] = split(build, gateInput, 2, hidden, 1);
    const update = f(updateSum);
    const fresh = g(hiddenBias === undefined ? hiddenInput : build.add(hiddenInput, build.mul(f(resetSum), hiddenBias)));
    return { h: build.mul(build.sub(build.scalar(1), update), fresh) };
  }
  const [gateWeights = '', hiddenWeights = ''] = build.nodes('Split', [recurrent, build.ints([2 * hidden, hidden])], 2);
  const [updateSum = '', resetSum = ''] = split(build, product(build, h, gateWeights, gateInput), 2, hidden, 1);
  const reset = f(resetSum);
  const update = f(updateSum);
  const hiddenSum = linearBeforeReset
    ? build.add(hiddenInput, build.mul(reset, product(build, h, hiddenWeights, hiddenBias)))
    : product(build, build.mul(reset, h), hiddenWeights, hiddenInput);
  const fresh = g(hiddenSum);
  // (1 - z) fresh + z h = fresh + z (h - fresh)
  return { h: build.add(fresh, build.mul(update, build.sub(h, fresh))) };
}

/** Update and reset together, hidden alone. */
function pair({ build, hidden }: Direction, projected: string): readonly string[] {
  return build.nodes('Split', [projected, build.ints([2 * hidden, hidden])], 2, { axis: int(1) });
}
