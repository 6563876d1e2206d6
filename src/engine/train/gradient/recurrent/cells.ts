// One step of LSTM (Hochreiter and Schmidhuber 1997; peepholes: Gers 2000), GRU (Cho 2014) and the plain recurrent network,
// in the gate orders of ONNX. A state of undefined is zero: its products are not written.

import type { GraphBuilder } from '../../graphBuilder';
import type { Activation } from './activations';
import { type Biases, type Cell, type Direction, product, split, type State } from './unroll';

/** Both biases are added to the same sum. */
const together = (build: GraphBuilder, { input, recurrent }: Biases): { readonly ahead: string } => ({ ahead: build.add(input, recurrent) });

/** Recurrent network: h = f(x W + h R + b). */
export const plainCell: Cell = {
  gates: 1,
  products: [1],
  activationsEach: 1,
  biases: together,
  step: ({ build, recurrent: [weights = ''], activations: [f] }, projected, { h }) =>
    ({ h: (f as Activation)(h === undefined ? projected : product(build, h, weights, projected)) }),
};

/** Gates in the order input, output, forget, cell; peepholes input, output, forget. With `coupled` forget is 1 - input. */
export function lstmCell(options: { readonly coupled: boolean }): Cell {
  return {
    gates: 4,
    products: [4],
    activationsEach: 3,
    biases: together,
    step: (direction, projected, state) => lstmStep(direction, projected, state, options.coupled),
  };
}

function lstmStep(direction: Direction, projected: string, { h, c }: State, coupled: boolean): ReturnType<Cell['step']> {
  const { build, hidden, recurrent: [weights = ''], peepholes: [inPeep, outPeep, forgetPeep] } = direction;
  const [f, g, last] = direction.activations as readonly [Activation, Activation, Activation];
  const sums = h === undefined ? projected : product(build, h, weights, projected);
  const [inSum = '', outSum = '', forgetSum = '', cellSum = ''] = split(build, sums, [hidden, hidden, hidden, hidden], 1);
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

/**
 * Gates in the order update, reset, hidden. With `linearBeforeReset` the reset gate multiplies the product of the hidden
 * gate, recurrent bias included, else the state before it.
 */
export function gruCell({ linearBeforeReset }: { readonly linearBeforeReset: boolean }): Cell {
  return {
    gates: 3,
    products: [2, 1],
    activationsEach: 2,
    biases: linearBeforeReset ? withoutHidden : together,
    step: (direction, projected, state) => gruStep(direction, projected, state, linearBeforeReset),
  };
}

function withoutHidden(build: GraphBuilder, { input, recurrent }: Biases, hidden: number): { readonly ahead: string; readonly step: string } {
  const [gates = '', step = ''] = split(build, recurrent, [2 * hidden, hidden], 0);
  return { ahead: build.add(input, build.concat([gates, build.filled([hidden], 0)], 0)), step };
}

function gruStep(direction: Direction, projected: string, { h }: State, linearBeforeReset: boolean): ReturnType<Cell['step']> {
  const { build, hidden, recurrent: [gateWeights = '', hiddenWeights = ''], stepBias } = direction;
  const [f, g] = direction.activations as readonly [Activation, Activation];
  const [gateInput = '', hiddenInput = ''] = split(build, projected, [2 * hidden, hidden], 1);
  const gateSums = h === undefined ? gateInput : product(build, h, gateWeights, gateInput);
  const [updateSum = '', resetSum = ''] = split(build, gateSums, [hidden, hidden], 1);
  const update = f(updateSum);
  if (h === undefined) {
    const fresh = g(stepBias === undefined ? hiddenInput : build.add(hiddenInput, build.mul(f(resetSum), stepBias)));
    return { h: build.mul(build.sub(build.scalar(1), update), fresh) };
  }
  const reset = f(resetSum);
  const fresh = g(linearBeforeReset
    ? build.add(hiddenInput, build.mul(reset, product(build, h, hiddenWeights, stepBias)))
    : product(build, build.mul(reset, h), hiddenWeights, hiddenInput));
  // (1 - z) fresh + z h = fresh + z (h - fresh)
  return { h: build.add(fresh, build.mul(update, build.sub(h, fresh))) };
}
