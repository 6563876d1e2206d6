// Gradients of LSTM, GRU and RNN: the unrolled forward against onnxruntime's kernels, gradients against float64 references.

import * as fc from 'fast-check';
import type { Attribute } from '../../../../src/engine/ir/model';
import { float, int, string } from '../../../../src/engine/ir/attributes';
import { type OperatorCase, uniform } from '../../../support/gradientCheck';
import { checkForward } from '../../../support/rewriteCheck';

type Kind = 'LSTM' | 'GRU' | 'RNN';
const GATES: Readonly<Record<Kind, number>> = { LSTM: 4, GRU: 3, RNN: 1 };
const OUTPUTS: Readonly<Record<Kind, number>> = { LSTM: 3, GRU: 2, RNN: 2 };
const strings = (values: readonly string[]): Attribute => ({ kind: 'strings', value: values.map((value) => new TextEncoder().encode(value)) });

interface Form {
  readonly kind: Kind;
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly bias: boolean;
  readonly lengths: readonly number[] | null;
  readonly initial: boolean;
  readonly peephole: boolean;
  readonly clip: number | undefined;
  readonly linearBeforeReset: boolean;
  readonly coupled: boolean;
  readonly activations: readonly string[] | undefined;
  readonly seed: number;
}

const sizes = { steps: fc.integer({ min: 1, max: 4 }), batch: fc.integer({ min: 1, max: 3 }), input: fc.integer({ min: 1, max: 3 }), hidden: fc.integer({ min: 1, max: 3 }) };

function forms(kind: Kind): fc.Arbitrary<Form> {
  return fc.record({
    kind: fc.constant(kind), ...sizes,
    direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
    bias: fc.boolean(), ragged: fc.boolean(), initial: fc.boolean(), peephole: fc.boolean(),
    clip: fc.constantFrom(undefined, 0.4), linearBeforeReset: fc.boolean(), coupled: fc.boolean(),
    custom: fc.boolean(), seed: fc.nat(10_000),
  }).map(({ ragged, custom, ...form }) => ({
    ...form,
    lengths: ragged ? Array.from({ length: form.batch }, (_, index) => 1 + ((form.seed + index) % form.steps)) : null,
    activations: custom ? ['HardSigmoid', 'Softsign', 'LeakyRelu'].slice(0, { LSTM: 3, GRU: 2, RNN: 1 }[kind]) : undefined,
  }));
}

function caseOf(form: Form): OperatorCase {
  const { kind, steps, batch, input, hidden, seed } = form;
  const gates = GATES[kind];
  const directions = form.direction === 'bidirectional' ? 2 : 1;
  const state = (offset: number): ReturnType<typeof uniform> | null => (form.initial ? uniform([directions, batch, hidden], seed + offset, -1, 1) : null);
  return {
    op: kind,
    outputs: OUTPUTS[kind],
    attributes: {
      hidden_size: int(hidden), direction: string(form.direction),
      ...(form.clip !== undefined && { clip: float(form.clip) }),
      ...(kind === 'GRU' && { linear_before_reset: int(form.linearBeforeReset ? 1 : 0) }),
      ...(kind === 'LSTM' && form.coupled && { input_forget: int(1) }),
      ...(form.activations !== undefined && { activations: strings(Array.from({ length: directions }, () => form.activations ?? []).flat()) }),
    },
    inputs: [
      uniform([steps, batch, input], seed),
      uniform([directions, gates * hidden, input], seed + 1, -1, 1),
      uniform([directions, gates * hidden, hidden], seed + 2, -1, 1),
      form.bias ? uniform([directions, 2 * gates * hidden], seed + 3, -1, 1) : null,
      form.lengths === null ? null : { type: 'int32', dims: [batch], data: Int32Array.from(form.lengths) },
      state(4),
      ...(kind === 'LSTM' ? [state(5), form.peephole ? uniform([directions, 3 * hidden], seed + 6, -1, 1) : null] : []),
    ],
  };
}

describe('gradients: recurrent networks', () => {
  for (const kind of ['LSTM', 'GRU', 'RNN'] as const) {
    it(`unrolls ${kind} to what its kernel computes`, async () => {
      await fc.assert(fc.asyncProperty(forms(kind), async (form) => { await checkForward(caseOf(form)); }), { numRuns: 40 });
    }).timeout(20_000);
  }
});
