// The grain of widths where nobody chose one: as coarse as kernels like it, and finer in narrow groups only where the target
// would be missed by much otherwise.

import { formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { said } from '../../../../protocol/text/index';
import type { DependencyGroup } from '../../../analysis/dependencies/index';
import { type Target, USUAL_BLOCK } from '../../pass';
import type { ChosenUnits } from '../surgery/index';
import { stepOf, type Widths } from './order';

/**
 * The grain of narrow groups, from the usual one on. Blocked convolutions of onnxruntime take multiples of 4. A grain of 4 for
 * 16 and 24 channels lost more accuracy at the same predicted latency than whole blocks of 16 (fashion-mobilenetv2-bn), so it
 * is not the first; 8 itself was not compared there.
 */
const NARROW = [8, 4, 2, 1] as const;

/** Of a target: what comes so close is left as it is. Ours; two grains of resnet20-cifar10 are as much. */
const NEAR = 0.95;

export function usualWidths(target: Target | undefined, minimum: number): Widths {
  return { grain: target?.channelBlock ?? USUAL_BLOCK, narrow: NARROW[0], minimum };
}

/** From coarse to fine, those that make a difference to the groups; a grain that was given is the only one. */
export function grainsOf(groups: readonly DependencyGroup[], widths: Widths): readonly Widths[] {
  if (widths.narrow === undefined) return [widths];
  const all = NARROW.map((narrow) => ({ ...widths, narrow }));
  const stepsOf = (own: Widths | undefined): string => (own === undefined ? '' : groups.map((group) => stepOf(group, own)).join());
  return all.filter((own, index) => index === 0 || stepsOf(own) !== stepsOf(all[index - 1]));
}

export function finestOf(groups: readonly DependencyGroup[], widths: Widths): Widths {
  return grainsOf(groups, widths).at(-1) ?? widths;
}

/** Units that go, and what is left without them. */
export interface Fit {
  readonly chosen: ChosenUnits;
  readonly cost: number;
}

/**
 * The coarsest grain whose choice is near the target, else near the best there is.
 *
 * @param attempt the choice with a grain; undefined where it cannot cost at most `most`.
 */
export function coarsestFit(grains: readonly Widths[], most: number, attempt: (widths: Widths) => Fit | undefined): (Fit & { readonly widths: Widths }) | undefined {
  const fits: (Fit & { readonly widths: Widths })[] = [];
  for (const widths of grains) {
    const fit = attempt(widths);
    if (fit === undefined) continue;
    fits.push({ ...fit, widths });
    if (fit.cost >= NEAR * most) break;
  }
  const best = Math.max(...fits.map(({ cost }) => cost));
  return fits.find(({ cost }) => cost >= NEAR * best);
}

/** Tells where narrow groups took a finer grain than usual. */
export function grainFindings({ grain, narrow }: Widths): readonly Finding[] {
  const usual = Math.min(grain, NARROW[0]);
  if (narrow === undefined || narrow >= usual) return [];
  return [{ severity: 'info', ...said('finding.finerGrain', { narrow, usual, block: grain, near: formatPercent(1 - NEAR, 0) }) }];
}
