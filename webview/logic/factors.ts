// What the factors of a report come to: which belong to a layer, what they save in all, and the shape of the singular values
// of a mode, cut at its rank. Nothing of a page here.

import type { CompareReport, FactorMode, LayerFactors } from '../../src/protocol/report';
import { type CutCurve, type CutShape, type RankedEntry, cutShape, rankedEntries } from './cutCurve';
import { stepsOf } from './importance';
import type { SortValue } from './sorting';

/** A step that split layers into factors. */
export interface FactoredStep {
  readonly pass: string;
  readonly factors: readonly LayerFactors[];
}

export function factoredSteps(report: CompareReport): readonly FactoredStep[] {
  return stepsOf(report).flatMap(({ pass, factors = [] }) => (factors.length === 0 ? [] : [{ pass, factors }]));
}

/** Factors by layer id, in the order of the steps. */
export function factorsByLayer(report: CompareReport): ReadonlyMap<string, readonly LayerFactors[]> {
  const found = new Map<string, LayerFactors[]>();
  for (const { factors } of factoredSteps(report)) for (const one of factors) found.set(one.layer, [...(found.get(one.layer) ?? []), one]);
  return found;
}

export type Saved = { readonly figure: 'macs' | 'parameters'; readonly before: number; readonly after: number };

/** MACs of all layers together, or parameters where the MACs of one are not known. */
export function savedBy(factors: readonly LayerFactors[]): Saved {
  const sum = (pairs: readonly (readonly [number, number])[]): Pick<Saved, 'before' | 'after'> =>
    ({ before: pairs.reduce((total, [before]) => total + before, 0), after: pairs.reduce((total, [, after]) => total + after, 0) });
  const macs = factors.flatMap((one) => (one.macs === null ? [] : [one.macs]));
  return macs.length === factors.length ? { figure: 'macs', ...sum(macs) } : { figure: 'parameters', ...sum(factors.map(({ parameters }) => parameters)) };
}

/** The layer whose factors save most, the first of several. */
export function mostSaved(factors: readonly LayerFactors[]): LayerFactors | undefined {
  const saved = ({ macs, parameters }: LayerFactors): number => (macs ?? parameters)[0] - (macs ?? parameters)[1];
  return factors.reduce<LayerFactors | undefined>((most, one) => (most === undefined || saved(one) > saved(most) ? one : most), undefined);
}

/** Share of the full ranks that stayed, of all modes together. */
export function rankShare({ modes }: LayerFactors): number {
  return modes.reduce((share, { kept, full }) => share * (full === 0 ? 1 : kept / full), 1);
}

export function factorsValue(factors: LayerFactors, column: string): SortValue {
  switch (column) {
    case 'name':
      return factors.layer;
    case 'curve':
      return factors.weightError;
    case 'rank':
      return rankShare(factors);
    default:
      return null;
  }
}

/** CP has components only up to its rank: nothing of its curve is cut off. */
export function modeCurve({ method }: LayerFactors, { values, kept, full }: FactorMode): CutCurve {
  return { values, kept, total: method === 'cp' ? kept : full };
}

/** Beyond this ratio of largest to least value a linear scale shows one peak and a flat line. */
const LINEAR_RANGE = 100;
/** Exponent of the least value that is told apart: rounding in float32 is of the order of 1e-7. */
const LEAST_EXPONENT = -6;

export interface SpectrumShape extends CutShape {
  /** Heights of a tenth, a hundredth and so on of the largest value; none where the scale is linear. */
  readonly tenths: readonly number[];
}

/** Falling values in a box of `width` by `height`, the largest at the top: on a logarithmic scale where they span orders of magnitude. */
export function spectrumShape(curve: CutCurve, width: number, height: number): SpectrumShape {
  const least = Math.min(1, ...curve.values.filter((value) => value > 0));
  const within = (share: number): number => height * Math.min(1, Math.max(0, share));
  if (least * LINEAR_RANGE > 1) return { ...cutShape(curve, 'left', width, (value) => within(1 - value)), tenths: [] };
  const decades = -Math.max(LEAST_EXPONENT, Math.floor(Math.log10(least)));
  const yOf = (value: number): number => within(value > 0 ? -Math.log10(value) / decades : 1);
  return { ...cutShape(curve, 'left', width, yOf), tenths: Array.from({ length: decades - 1 }, (_, index) => ((index + 1) / decades) * height) };
}

/** Rank behind each value, from 1 for the largest, and whether it stayed. */
export function modeEntries(curve: CutCurve): readonly RankedEntry[] {
  return rankedEntries(curve, 'left');
}
