// Axes that a reshape merged or split: a flat axis is the product of several. One of them carries the units, the others
// keep their size; which one often shows only later in the graph, so that the choice waits until the whole graph was read.

import { type Axis, isLabels, type Labels, type Lock } from './labels';

export interface Factor {
  readonly axis: Axis;
  readonly size: number;
}

export interface Product {
  readonly flat: Axis;
  /** Outermost first; their sizes multiply to the length of `flat`. */
  readonly factors: readonly Factor[];
  /** For entries that must stay because another factor carries the units. */
  readonly lock: Lock;
}

/**
 * Chooses the carrier of every product. Evidence first, over and over, since each choice may lock or tie what others need:
 * the only factor that is not locked; or the one along which the flat axis already goes in step (grouped convolutions tie
 * channels of equal offset: the inner factor; heads: the outer). Where nothing tells, the outermost open factor carries:
 * a split of the hidden size by heads removes whole heads.
 */
export function settle(products: readonly Product[], labels: Labels): void {
  let open = products;
  while (open.length > 0) {
    const left = open.filter((product) => !settleByEvidence(product, labels));
    if (left.length === open.length) {
      const [first, ...rest] = left;
      if (first !== undefined) carry(first, openFactors(first, labels)[0], labels);
      open = rest;
    } else {
      open = left;
    }
  }
}

function openFactors({ factors }: Product, labels: Labels): readonly number[] {
  return factors.flatMap(({ axis, size }, index) => (size > 1 && labels.wholeLock(axis) === undefined ? [index] : []));
}

function settleByEvidence(product: Product, labels: Labels): boolean {
  const flatLock = labels.wholeLock(product.flat);
  const candidates = openFactors(product, labels);
  if (flatLock !== undefined || candidates.length === 0) {
    const lock = flatLock ?? product.factors.map(({ axis }) => labels.wholeLock(axis)).find((found) => found !== undefined) ?? product.lock;
    labels.lockAll(product.flat, lock);
    for (const { axis } of product.factors) labels.lockAll(axis, lock);
    return true;
  }
  const chosen = candidates.length === 1 ? candidates[0] : candidates.find((factor) => goesAlong(product, factor, labels));
  if (chosen === undefined) return false;
  carry(product, chosen, labels);
  return true;
}

/** Index along factor `factor` of a position of the flat axis. */
function coordinate({ factors }: Product, factor: number): (position: number) => number {
  const inner = factors.slice(factor + 1).reduce((product, { size }) => product * size, 1);
  const size = factors[factor]?.size ?? 1;
  return (position) => Math.floor(position / inner) % size;
}

/** Whether all flat entries with the same index along the factor are one class, and not all classes are one. */
function goesAlong(product: Product, factor: number, labels: Labels): boolean {
  const { flat } = product;
  if (!isLabels(flat)) return false;
  const at = coordinate(product, factor);
  const classes = new Map<number, number>();
  for (let position = 0; position < flat.length; position++) {
    const found = labels.find(flat[position] ?? 0);
    const known = classes.get(at(position));
    if (known !== undefined && known !== found) return false;
    classes.set(at(position), found);
  }
  return new Set(classes.values()).size > 1;
}

function carry(product: Product, factor: number | undefined, labels: Labels): void {
  const { flat, factors, lock } = product;
  const carrier = factor === undefined ? undefined : factors[factor]?.axis;
  if (factor === undefined || carrier === undefined || !isLabels(carrier) || !isLabels(flat)) return;
  const at = coordinate(product, factor);
  for (let position = 0; position < flat.length; position++) labels.join(flat[position] ?? 0, carrier[at(position)] ?? 0);
  factors.forEach(({ axis }, index) => {
    if (index !== factor) labels.lockAll(axis, lock);
  });
}
