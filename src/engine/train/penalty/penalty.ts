// The acceleration loss of slimming (methods.md, `cost`): what a model would cost if every unit counted by its size. What is
// asked for, and its weight over the epochs. Its numbers for one training are in planPenalty.ts, its nodes in penaltyGraph.ts.

import type { Slot } from '../../analysis/dependencies/index';
import { fnv1a } from '../../fnv';
import type { LossTerm } from '../losses/loss';

/** Units of one form whose sizes are compared with each other. */
export interface PenaltyGroup {
  /** Where the units lie; of tensors that are not trained nothing counts. Every slot holds `units` units. */
  readonly slots: readonly Slot[];
  readonly units: number;
  /** What removing one unit saves, in any measure that is the same for all groups. */
  readonly cost: number;
}

/**
 * The sum over units of cost * size / mean size of their group at the start, divided by the sum of costs: 1 at the start of
 * every training, 0 when all units are gone. The size of a unit is the L2 norm of all its trained entries (group lasso: Yuan
 * and Lin 2006, Wen 2016); groups of one scale a unit make it network slimming (Liu 2017).
 */
export interface Penalty {
  readonly groups: readonly PenaltyGroup[];
  /** Weight of the penalty in the first epochs, 0 to 1; the losses together have 1 - alpha. */
  readonly alpha: number;
  /** What alpha is multiplied by every `every` epochs; 1 keeps it. */
  readonly decay: number;
  readonly every: number;
}

/** @param epoch from 0, fractions allowed */
export function alphaAt({ alpha, decay, every }: Pick<Penalty, 'alpha' | 'decay' | 'every'>, epoch: number): number {
  return alpha * decay ** Math.floor(epoch / every);
}

/** The losses with what the penalty leaves of their weights. */
export function besidePenalty(losses: readonly LossTerm[], penalty: Penalty | undefined): readonly LossTerm[] {
  if (penalty === undefined) return losses;
  return losses.map((term) => {
    const { weight = 1 } = term;
    return { ...term, weight: (epoch) => (1 - alphaAt(penalty, epoch)) * (typeof weight === 'function' ? weight(epoch) : weight) };
  });
}

/** What of a penalty must be the same for a checkpoint to be continued. */
export function penaltyIdentity({ groups, ...schedule }: Penalty): unknown {
  const stated = groups.map(({ slots, units, cost }) => [units, cost, slots.map(({ tensor, axis, perUnit, indices }) => [tensor, axis, perUnit, [...indices]])]);
  return { ...schedule, groups: fnv1a(new TextEncoder().encode(JSON.stringify(stated))) };
}
