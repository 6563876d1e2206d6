// LSTM, GRU and RNN in float64, written from their formulas in the ONNX specification, one sequence at a time.

export type Kind = 'LSTM' | 'GRU' | 'RNN';

export interface RecurrentForm {
  readonly kind: Kind;
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly lengths: readonly number[] | null;
  readonly clip: number | undefined;
  readonly linearBeforeReset: boolean;
  readonly coupled: boolean;
  readonly activations: readonly string[] | undefined;
}

export const GATES: Readonly<Record<Kind, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

const functions: Readonly<Record<string, (x: number) => number>> = {
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  HardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  Softsign: (x) => x / (1 + Math.abs(x)),
  LeakyRelu: (x) => (x < 0 ? 0.01 * x : x),
};
const DEFAULTS: Readonly<Record<Kind, readonly string[]>> = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] };

/** Inputs X, W, R, B, sequence_lens, initial_h, initial_c, P in layout 0, empty where omitted; gives Y, Y_h, Y_c. */
export function recurrentReference(form: RecurrentForm, inputs: readonly Float64Array[]): readonly Float64Array[] {
  const { kind, steps, batch, hidden } = form;
  const directions = form.direction === 'bidirectional' ? 2 : 1;
  const y = new Float64Array(steps * directions * batch * hidden);
  const lastH = new Float64Array(directions * batch * hidden);
  const lastC = new Float64Array(directions * batch * hidden);
  for (let d = 0; d < directions; d += 1) {
    for (let b = 0; b < batch; b += 1) {
      const length = form.lengths?.[b] ?? steps;
      const reverse = form.direction === 'reverse' || d === 1;
      const at = (d * batch + b) * hidden;
      const initial = (values: Float64Array | undefined): number[] => Array.from({ length: hidden }, (_, i) => values?.[at + i] ?? 0);
      let [h, c] = [initial(inputs[5]), initial(inputs[6])];
      for (let step = 0; step < length; step += 1) {
        const time = reverse ? length - 1 - step : step;
        [h, c] = stepOf(form, inputs, d, Array.from({ length: form.input }, (_, i) => element(inputs[0], (time * batch + b) * form.input + i)), h, c);
        y.set(h, ((time * directions + d) * batch + b) * hidden);
      }
      lastH.set(h, at);
      lastC.set(c, at);
    }
  }
  return kind === 'LSTM' ? [y, lastH, lastC] : [y, lastH];
}

function stepOf(form: RecurrentForm, inputs: readonly Float64Array[], d: number, x: readonly number[], h: readonly number[], c: readonly number[]): [number[], number[]] {
  const { kind, hidden, clip = Infinity } = form;
  const gates = GATES[kind];
  const names = form.activations ?? DEFAULTS[kind];
  const raw = (index: number, value: number): number => (functions[names[index] ?? ''] as (v: number) => number)(value);
  const act = (index: number, value: number): number => raw(index, Math.min(clip, Math.max(-clip, value)));
  const each = (write: (i: number) => number): number[] => Array.from({ length: hidden }, (_, i) => write(i));
  const row = (gate: number, i: number): number => (d * gates + gate) * hidden + i;
  const inputSum = (gate: number, i: number): number => x.reduce((sum, value, k) => sum + value * element(inputs[1], row(gate, i) * form.input + k), bias(gate, i));
  const bias = (gate: number, i: number): number => element(inputs[3], (d * 2 * gates + gate) * hidden + i);
  const recurrentBias = (gate: number, i: number): number => element(inputs[3], (d * 2 * gates + gates + gate) * hidden + i);
  const recurrentSum = (gate: number, i: number, state: readonly number[]): number => state.reduce((sum, value, k) => sum + value * element(inputs[2], row(gate, i) * hidden + k), recurrentBias(gate, i));
  const total = (gate: number, i: number): number => inputSum(gate, i) + recurrentSum(gate, i, h);
  if (kind === 'RNN') return [each((i) => act(0, total(0, i))), [...c]];
  if (kind === 'GRU') {
    const update = each((i) => act(0, total(0, i)));
    const reset = each((i) => act(0, total(1, i)));
    const gated = h.map((value, i) => value * (reset[i] as number));
    const fresh = each((i) => act(1, inputSum(2, i) + (form.linearBeforeReset ? (reset[i] as number) * recurrentSum(2, i, h) : recurrentSum(2, i, gated))));
    return [each((i) => (1 - (update[i] as number)) * (fresh[i] as number) + (update[i] as number) * (h[i] as number)), [...c]];
  }
  const peep = (gate: number, i: number, cell: readonly number[]): number => element(inputs[7], (d * 3 + gate) * hidden + i) * (cell[i] as number);
  const inGate = each((i) => act(0, total(0, i) + peep(0, i, c)));
  const forget = each((i) => (form.coupled ? 1 - (inGate[i] as number) : act(0, total(2, i) + peep(2, i, c))));
  const cell = each((i) => (forget[i] as number) * (c[i] as number) + (inGate[i] as number) * act(1, total(3, i)));
  const out = each((i) => act(0, total(1, i) + peep(1, i, cell)));
  return [each((i) => (out[i] as number) * raw(2, cell[i] as number)), cell];
}

const element = (values: Float64Array | undefined, index: number): number => values?.[index] ?? 0;
