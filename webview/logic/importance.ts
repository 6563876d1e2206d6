// What the importance curves of a report come to: which belong to a layer, how many units stayed in all, and the geometry of
// one curve, cut where units went. Nothing of a page here.

import type { CompareReport, CompressReport, ImportanceCurve, StepReport } from '../../src/protocol/report';
import type { SortValue } from './sorting';

/** A step that removed units, with a curve for each group of layers. */
export interface PrunedStep {
  readonly pass: string;
  readonly curves: readonly ImportanceCurve[];
}

/** Reports of `compare` have no steps. */
export function stepsOf(report: CompareReport): readonly StepReport[] {
  return 'steps' in report ? (report as CompressReport).steps : [];
}

export function prunedSteps(report: CompareReport): readonly PrunedStep[] {
  return stepsOf(report).flatMap(({ pass, importance = [] }) => (importance.length === 0 ? [] : [{ pass, curves: importance }]));
}

/** Curves by the id of each layer that makes the units, in the order of the steps. */
export function curvesByLayer(report: CompareReport): ReadonlyMap<string, readonly ImportanceCurve[]> {
  const found = new Map<string, ImportanceCurve[]>();
  for (const { curves } of prunedSteps(report)) {
    for (const curve of curves) for (const layer of makersOf(curve)) found.set(layer, [...(found.get(layer) ?? []), curve]);
  }
  return found;
}

export function makersOf({ layer, layers }: ImportanceCurve): readonly string[] {
  return layers ?? [layer];
}

export interface Kept {
  readonly kind: ImportanceCurve['kind'];
  readonly kept: number;
  readonly total: number;
}

/** Units of all groups together, by kind. */
export function keptByKind(curves: readonly ImportanceCurve[]): readonly Kept[] {
  const sums = new Map<Kept['kind'], Kept>();
  for (const { kind, kept, total } of curves) {
    const sum = sums.get(kind) ?? { kind, kept: 0, total: 0 };
    sums.set(kind, { kind, kept: sum.kept + kept, total: sum.total + total });
  }
  return [...sums.values()];
}

/** The group that lost the largest share, the first of several. */
export function mostPruned(curves: readonly ImportanceCurve[]): ImportanceCurve | undefined {
  return curves.reduce<ImportanceCurve | undefined>((least, curve) => (least === undefined || keptShare(curve) < keptShare(least) ? curve : least), undefined);
}

export function keptShare({ kept, total }: ImportanceCurve): number {
  return total === 0 ? 1 : kept / total;
}

export function curveValue(curve: ImportanceCurve, column: string): SortValue {
  switch (column) {
    case 'name':
      return curve.layer;
    case 'curve':
      return curve.values.at(-1) ?? null;
    case 'kept':
      return keptShare(curve);
    default:
      return null;
  }
}

/** Places in a drawing; y grows downwards. */
export type Place = readonly [x: number, y: number];

export interface CurveShape {
  /** Along the curve, from the least important unit; they meet where the cut is. Empty where nothing went, or nothing stayed. */
  readonly removed: readonly Place[];
  readonly kept: readonly Place[];
  /** Between the last unit that went and the first that stayed; null where all or none stayed. */
  readonly cut: number | null;
  /** Height of the mean of the group. */
  readonly mean: number;
}

/** The curve in a box of `width` by `height`: the largest importance touches the top, 0 is the bottom. */
export function curveShape({ values, total, kept }: ImportanceCurve, width: number, height: number): CurveShape {
  const top = Math.max(1, ...values);
  const yOf = (value: number): number => height * (1 - Math.min(1, Math.max(0, value / top)));
  // A single value is drawn as a line across.
  const points = values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : values;
  const places = points.map((value, index): Place => [(index / Math.max(1, points.length - 1)) * width, yOf(value)]);
  const mean = yOf(1);
  const gone = total - kept;
  if (gone <= 0) return { removed: [], kept: places, cut: null, mean };
  if (kept <= 0) return { removed: places, kept: [], cut: null, mean };
  // Unit u of n stands at u / (n - 1); the cut is half way between two.
  const cut = ((gone - 0.5) / Math.max(1, total - 1)) * width;
  const at: Place = [cut, heightAt(places, cut)];
  return { removed: [...places.filter(([x]) => x < cut), at], kept: [at, ...places.filter(([x]) => x > cut)], cut, mean };
}

function heightAt(places: readonly Place[], x: number): number {
  const next = places.findIndex((place) => place[0] >= x);
  const [right, left] = [places[next], places[next - 1]];
  if (right === undefined) return places.at(-1)?.[1] ?? 0;
  if (left === undefined || right[0] === left[0]) return right[1];
  return left[1] + ((x - left[0]) / (right[0] - left[0])) * (right[1] - left[1]);
}

/** Rank of the unit behind each value, from 1 for the least important, and whether it stayed. */
export function curveUnits({ values, total, kept }: ImportanceCurve): readonly { readonly rank: number; readonly value: number; readonly stayed: boolean }[] {
  return values.map((value, index) => {
    const rank = 1 + Math.round((index / Math.max(1, values.length - 1)) * (total - 1));
    return { rank, value, stayed: rank > total - kept };
  });
}
