// Criteria that look at weights only: magnitudes, distances to the other units, scales of BatchNormalization, and none.
// All entries that a unit holds count, of layers that make it and of layers that read it (Fang 2023, section 3.3).

import type { DependencyGroup } from '../../../analysis/dependencies/index';
import { invalidOption } from '../../invalidOption';
import { matrixProducts, type Products } from '../../../linalg/products';
import type { CriterionTask } from './criterionTask';
import { accumulate, batchNormScales, floatValues, type Importance, multiplies, normalizedKernels, type StoredValues, sumsAlong, unitSums } from './units';

/** Of the kernel of a Conv. */
const OUTPUT_AXIS = 0;

type SlotOf = DependencyGroup['weights'][number];

/** Calls `each` for every float weight of every group. */
async function overWeights({ model, groups }: CriterionTask, each: (group: DependencyGroup, slot: SlotOf, stored: StoredValues) => Promise<void> | void, wanted: (name: string, dims: readonly number[]) => boolean): Promise<void> {
  const read = new Map<string, StoredValues | undefined>();
  for (const group of groups) {
    for (const slot of group.weights) {
      const stored = read.has(slot.tensor) ? read.get(slot.tensor) : await floatValues(model, slot.tensor);
      read.set(slot.tensor, stored);
      if (stored !== undefined && wanted(slot.tensor, stored.dims)) await each(group, slot, stored);
    }
  }
}

/**
 * Sums of magnitudes (l1) or their squares (l2). A kernel that BatchNormalization follows says nothing by its size, which
 * the normalization takes out again (van Laarhoven 2017): there the scale and what reads the unit count. Half of the MACs,
 * l2 with such kernels and without, 1,000 test images: fashion-resnet18-bn 82 % and 88 %, resnet20-cifar10 (60 %) 47 % and 51 %.
 */
export async function magnitudes(task: CriterionTask, power: 1 | 2): Promise<Importance> {
  const found = new Map<string, Float64Array>();
  const scales = batchNormScales(task.model);
  const normalized = normalizedKernels(task.model);
  await overWeights(task, (group, slot, { dims, values }) => {
    if (slot.axis === OUTPUT_AXIS && normalized.has(slot.tensor)) return;
    const sizes = values.map((value) => Math.abs(value) ** power);
    accumulate(found, group, unitSums(slot, sumsAlong(sizes, dims, slot.axis)));
  }, (name, dims) => multiplies(name, dims, scales));
  return found;
}

/**
 * |scale| of the BatchNormalization that follows (Liu 2017, "network slimming"). Groups without one are left alone.
 *
 * @throws EngineError `invalidOption` when no group has one
 */
export async function batchNormScale(task: CriterionTask): Promise<Importance> {
  const found = new Map<string, Float64Array>();
  const scales = batchNormScales(task.model);
  await overWeights(task, (group, slot, { values }) => { accumulate(found, group, unitSums(slot, values.map(Math.abs))); }, (name) => scales.has(name));
  if (found.size === 0) throw invalidOption(task.passId, 'criterion', 'problem.noBatchNorm', 'l2, taylor');
  return found;
}

/**
 * Sum of the distances to all other units (He 2019, "filter pruning via geometric median"): units near the middle can be
 * made up for by others.
 */
export async function medianDistances(task: CriterionTask): Promise<Importance> {
  const found = new Map<string, Float64Array>();
  const products = matrixProducts(task.pass.runtime, task.pass.threads);
  try {
    await overWeights(task, async (group, slot, stored) => {
      accumulate(found, group, await distances(slot, stored, products));
    }, (_, dims) => dims.length >= 2);
  } finally {
    await products.release();
  }
  return found;
}

async function distances({ axis, perUnit, indices }: SlotOf, { dims, values }: StoredValues, products: Products): Promise<Float64Array> {
  const size = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = values.length / size / inner;
  const rows = indices.length / perUnit;
  const columns = perUnit * outer * inner;
  const data = new Float64Array(rows * columns);
  indices.forEach((entry, at) => {
    for (let row = 0; row < outer; row += 1) {
      const from = (row * size + entry) * inner;
      data.set(values.subarray(from, from + inner), (at * outer + row) * inner);
    }
  });
  const matrix = { rows, columns, data };
  const gram = (await products.multiply(matrix, matrix, 'transposed')).data;
  const square = (unit: number): number => gram[unit * rows + unit] as number;
  return Float64Array.from({ length: rows }, (_, unit) => {
    let sum = 0;
    // Rounding may take a distance of 0 below it.
    for (let other = 0; other < rows; other += 1) sum += Math.sqrt(Math.max(0, square(unit) + square(other) - 2 * (gram[unit * rows + other] as number)));
    return sum;
  });
}

/** The control: every criterion has to be better than this. */
export function randomNumbers({ groups, pass }: CriterionTask): Importance {
  return new Map(groups.map(({ id, size }) => [id, Float64Array.from({ length: size }, () => pass.random())]));
}
