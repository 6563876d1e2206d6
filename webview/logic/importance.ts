// What the importance curves of a report come to: which belong to a layer, how many units stayed in all, and the shape of
// one curve, cut where units went. Nothing of a page here.

import type { CompareReport, CompressReport, ImportanceCurve, StepReport } from '../../src/protocol/report';
import { type CutShape, type RankedEntry, cutShape, rankedEntries } from './cutCurve';
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

export interface CurveShape extends CutShape {
  /** Height of the mean of the group. */
  readonly mean: number;
}

/** The curve in a box of `width` by `height`: the largest importance touches the top, 0 is the bottom. */
export function curveShape(curve: ImportanceCurve, width: number, height: number): CurveShape {
  const top = Math.max(1, ...curve.values);
  const yOf = (value: number): number => height * (1 - Math.min(1, Math.max(0, value / top)));
  return { ...cutShape(curve, 'right', width, yOf), mean: yOf(1) };
}

/** Rank of the unit behind each value, from 1 for the least important, and whether it stayed. */
export function curveUnits(curve: ImportanceCurve): readonly RankedEntry[] {
  return rankedEntries(curve, 'right');
}
