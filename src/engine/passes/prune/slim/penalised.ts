// The units that slimming makes smaller: where they lie, and what each would save.

import type { DependencyGroup, Dependencies, Slot } from '../../../analysis/dependencies/index';
import { findLayers } from '../../../analysis/layers';
import { isFloat } from '../../../ir/dataTypes';
import { isOp, type Model } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import type { PenaltyGroup } from '../../../train/penalty/penalty';
import { batchNormScales } from '../criteria/units';
import { storedTensor } from '../../linear/findWeights';
import { costMeter } from '../selection/cost';
import type { Measure } from '../../targets';
import type { SlimOptions } from './options';

export interface PenalisedUnits {
  readonly model: Model;
  readonly dependencies: Dependencies;
  /** Of `dependencies`: those that may lose units. */
  readonly groups: readonly DependencyGroup[];
  readonly method: SlimOptions['method'];
  readonly measure: Measure;
}

/**
 * `group`: what makes a unit and what follows it, norms and biases included, shrinks as one. What reads it stays: it belongs to
 * the units of the next layer, and pulled twice a model loses more than it can learn again (resnet20-cifar10, 2 epochs: 10 %
 * top-1 so, 66 % as it is). `scale`: every scale of a BatchNormalization by itself; none where no group has one.
 */
export async function penalisedUnits({ model, dependencies, groups, method, measure }: PenalisedUnits, dims: Readonly<Record<string, number>>): Promise<readonly PenaltyGroup[]> {
  const meter = await costMeter(model, dependencies, dims);
  const whole = meter(new Map());
  // Open dimensions have no MACs; the choice of units refuses such a target by itself.
  const counted = whole[measure] === null ? 'parameters' : measure;
  const costOf = ({ id }: DependencyGroup): number => 1 - (meter(new Map([[id, [0]]]))[counted] ?? 0) / (whole[counted] ?? 1);
  if (method === 'scale') {
    const scales = batchNormScales(model);
    return groups.flatMap((group) => group.weights.filter(({ tensor }) => scales.has(tensor))
      .map((slot): PenaltyGroup => ({ slots: [{ ...slot, perUnit: 1 }], units: slot.indices.length, cost: costOf(group) / slot.perUnit })));
  }
  const makers = await madeBy(model);
  return groups.map((group) => ({ slots: group.weights.filter((slot) => makers(group, slot)), units: group.size, cost: costOf(group) }));
}

/** Whether a slot is of a learned weight of a layer that makes or follows the units. */
async function madeBy(model: Model): Promise<(group: DependencyGroup, slot: Slot) => boolean> {
  const layers = new Map(findLayers(model.graph, await inferShapes(model)).map(({ id, weights }) => [id, weights]));
  const measured = new Set(model.graph.nodes.flatMap((node) => (isOp(node, 'BatchNormalization') ? node.inputs.slice(3, 5) : [])));
  return ({ layers: own }, { tensor }) => {
    const type = storedTensor(model, tensor)?.type;
    return type !== undefined && isFloat(type) && !measured.has(tensor) && own.some(({ id, role }) => role !== 'reads' && layers.get(id)?.includes(tensor) === true);
  };
}
