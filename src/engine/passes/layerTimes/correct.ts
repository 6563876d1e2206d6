// A target in time is met by asking again: what was chosen by predicted times is measured as a whole, and the next choice may
// take more or less by what the prediction missed.

/** A choice with its time over that of the original. */
export interface Try<Chosen> {
  readonly chosen: Chosen;
  readonly predicted: number;
  readonly measured: number;
}

/** Ours: each measures two models, and a line through the last two misses little after that. */
const TRIES = 4;
/** A model that is faster than wanted by less than this is left so: two runs of a clock differ by as much. */
const NEAR = 0.95;
/** Corrections aim a little below, where noise does not miss: between the target and NEAR. */
const AIM = 0.98;

/**
 * @param wanted over the original. @param choose what the prediction says takes so much; undefined where nothing is so fast.
 * @returns the slowest that is fast enough, else the fastest; undefined where nothing could be chosen
 */
export async function meetByTrying<Chosen>(wanted: number, choose: (budget: number) => Chosen | undefined, measure: (chosen: Chosen) => Promise<Try<Chosen>>): Promise<Try<Chosen> | undefined> {
  const tries: Try<Chosen>[] = [];
  for (let budget = wanted; tries.length < TRIES;) {
    const chosen = choose(budget);
    if (chosen === undefined) break;
    const found = await measure(chosen);
    tries.push(found);
    if (found.measured <= wanted && found.measured >= NEAR * wanted) break;
    budget = corrected(tries, AIM * wanted);
  }
  const [first, ...others] = tries.sort((a, b) => a.measured - b.measured);
  return others.reduce((best, one) => (one.measured <= wanted ? one : best), first);
}

type Point = Pick<Try<unknown>, 'predicted' | 'measured'>;

/** The whole model: predictions are scaled to it. */
const whole: Point = { predicted: 1, measured: 1 };

/**
 * What the prediction has to say so that `wanted` is measured: linear between the nearest tries on either side of it, or
 * through the last try from the whole model, since part of a model's time may not change.
 */
function corrected(tries: readonly Point[], wanted: number): number {
  const points = [whole, ...tries].sort((a, b) => a.predicted - b.predicted);
  const slow = points.find(({ measured }) => measured > wanted) ?? whole;
  const last = tries.at(-1) ?? whole;
  const fast = points.findLast(({ measured, predicted }) => measured <= wanted && predicted < slow.predicted) ?? last;
  const from = fast === slow ? whole : slow;
  const slope = (from.measured - fast.measured) / (from.predicted - fast.predicted);
  return slope > 0 ? Math.max(0, from.predicted - (from.measured - wanted) / slope) : (last.predicted * wanted) / last.measured;
}
