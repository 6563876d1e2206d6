// LSTM, GRU and RNN: a unit of the hidden state goes with its row in every gate, both directions together (they share
// `hidden_size`). Its state stays 0 without weights, because tanh(0) = 0.

import type { Axis } from '../labels';
import { entry, type DependencyEntry, type RelateSite } from '../rule';

/** Inputs X, W [D, gates * H, I], R [D, gates * H, H], B [D, 2 * gates * H], lengths, initial h, initial c, P [D, 3 * H]. */
const recurrent = (gates: number, peepholes: number): DependencyEntry => entry('weights', (site) => {
  const input = site.rank(0) - 1;
  site.unite(site.axis(0, input), site.axis(1, 2));
  const hidden = site.axis(2, 2);
  repeat(site, site.axis(1, 1), hidden, gates);
  repeat(site, site.axis(2, 1), hidden, gates);
  if (site.has(3)) repeat(site, site.axis(3, 1), hidden, 2 * gates);
  for (const state of [5, 6]) if (site.has(state)) site.unite(site.axis(state, -1), hidden);
  if (site.has(7)) repeat(site, site.axis(7, 1), hidden, peepholes);
  site.mark(hidden, 'hidden');
  site.node.outputs.forEach((_, output) => {
    const rank = site.outputShape(output)?.length ?? 0;
    site.give(output, Array.from({ length: rank }, (_, axis) => (axis === rank - 1 ? hidden : site.fixed('lock.position'))));
  });
}, 'hidden');

/** The axis holds `hidden` once a gate. */
function repeat(site: RelateSite, axis: Axis, hidden: Axis, count: number): void {
  if (!(axis instanceof Int32Array) || !(hidden instanceof Int32Array) || axis.length !== hidden.length * count) {
    site.lock(axis, 'lock.mismatch');
    site.lock(hidden, 'lock.mismatch');
    return;
  }
  for (let gate = 0; gate < count; gate++) site.unite(axis.subarray(gate * hidden.length, (gate + 1) * hidden.length), hidden);
}

export const recurrentDependencies = {
  RNN: recurrent(1, 0), GRU: recurrent(3, 0), LSTM: recurrent(4, 3),
} as const satisfies Record<string, DependencyEntry>;

