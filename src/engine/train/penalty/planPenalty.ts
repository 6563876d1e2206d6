// The numbers of the acceleration loss for one training: which of its units are trained, how large they are, how hard each
// group is pulled.

import type { Slot } from '../../analysis/dependencies/index';
import { EngineError } from '../../error';
import { elementCount } from '../../ir/model';
import { type SchedulePlan, scheduleFactor } from '../schedules';
import type { TrainedValues } from '../training';
import { alphaAt, type Penalty } from './penalty';

export interface PlannedSlot extends Slot {
  /** Of the tensor. */
  readonly dims: readonly number[];
}

export interface PlannedGroup {
  readonly slots: readonly PlannedSlot[];
  readonly units: number;
  /** Of the penalty at the start; all groups together have 1. */
  readonly share: number;
  /** Mean size of the units at the start. */
  readonly mean: number;
  /** How hard its units are pulled, 0 to 1. */
  readonly pull: number;
}

export interface PlannedPenalty extends Pick<Penalty, 'alpha' | 'decay' | 'every'> {
  readonly groups: readonly PlannedGroup[];
  /** Sum of the factors of the learning rate over all steps, of as many as SHORT at least. */
  readonly wholeSchedule: number;
}

/**
 * Steps below which a training pulls less, in proportion: it has no time to learn elsewhere what it loses (resnet8-cifar10,
 * alpha 0.7, steps of 32 samples: 112 keep its 72 % top-1, 56 pulled as far leave 21 %).
 */
const SHORT = 100;

/**
 * @param trained dims of the trained tensors by name
 * @param start their values before the first step
 * @throws EngineError `nothingToSlim` where no unit has a trained weight
 */
export function planPenalty(penalty: Penalty, trained: ReadonlyMap<string, readonly number[]>, start: TrainedValues, schedule: SchedulePlan): PlannedPenalty {
  const { groups: given, ...weights } = penalty;
  const found = given.flatMap(({ slots, units, cost }) => {
    const own = slots.flatMap((slot): PlannedSlot[] => {
      const dims = trained.get(slot.tensor);
      return dims === undefined ? [] : [{ ...slot, dims }];
    });
    const mean = unitSizes(own, units, start).reduce((sum, size) => sum + size, 0) / units;
    return mean > 0 && cost > 0 ? [{ slots: own, units, cost, mean }] : [];
  });
  const units = found.reduce((sum, group) => sum + group.units, 0);
  if (units === 0) throw new EngineError('nothingToSlim');
  const total = found.reduce((sum, group) => sum + group.units * group.cost, 0);
  return {
    ...weights,
    // In proportion to the cost up to that of the mean unit and no harder beyond: see `pullAt`.
    groups: found.map(({ cost, ...group }) => ({ ...group, share: (group.units * cost) / total, pull: Math.min(1, (cost * units) / total) })),
    wholeSchedule: Array.from({ length: schedule.steps }, (_, step) => scheduleFactor(schedule, step)).reduce((sum, factor) => sum + factor, 0) * Math.max(1, SHORT / schedule.steps),
  };
}

/** L2 norms of the units over all slots. */
export function unitSizes(slots: readonly PlannedSlot[], units: number, values: TrainedValues): Float64Array {
  const sums = new Float64Array(units);
  for (const { tensor, dims, axis, perUnit, indices } of slots) {
    const data = values.get(tensor);
    if (data === undefined) continue;
    const size = dims[axis] ?? 1;
    const inner = elementCount(dims.slice(axis + 1));
    const squares = new Float64Array(size);
    data.forEach((value, at) => { squares[Math.floor(at / inner) % size] = (squares[Math.floor(at / inner) % size] as number) + value ** 2; });
    indices.forEach((entry, at) => { sums[Math.floor(at / perUnit)] = (sums[Math.floor(at / perUnit)] as number) + (squares[entry] as number); });
  }
  return sums.map(Math.sqrt);
}

/**
 * How far a step pulls a unit of pull 1, as a share of its group's mean size at the start: alpha times the step's part of the
 * whole schedule. Over a training it comes to alpha at most, however long that is and whatever optimiser and learning rate
 * (less where it is short): since some unit is at least as large as the mean, no group is pulled down to nothing.
 *
 * @param factor of the learning rate in this step
 */
export function pullAt(penalty: PlannedPenalty, epoch: number, factor: number): number {
  return (alphaAt(penalty, epoch) * factor) / penalty.wholeSchedule;
}
