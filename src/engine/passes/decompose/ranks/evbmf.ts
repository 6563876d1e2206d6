// How many singular values of a matrix stand out of noise, by empirical variational Bayes: Nakajima, Sugiyama, Babacan and
// Tomioka 2013, "Global analytic solution of fully-observed variational Bayesian matrix factorization" (JMLR 14), and Nakajima,
// Tomioka, Sugiyama and Babacan 2012, "Perfect dimensionality recovery by variational Bayesian PCA" (NIPS 25), for the variance.
// Symbols as there: L rows <= M columns, x = singular value² / (M variance).

/** How far below the largest a singular value is the rounding of float32 weights. */
const ROUNDING = 2 ** -23;
/** Of the search for the variance: places between the bounds, evenly spread by ratio, besides the places where the rank changes. */
const GRID = 100;
/** Steps of the golden section: 0.618^60 is 3e-13 of an interval. */
const REFINEMENTS = 60;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** What depends on the shape alone. */
interface Shape {
  readonly l: number;
  readonly m: number;
  readonly alpha: number;
  /** x above which a component stays. */
  readonly threshold: number;
}

/**
 * The rank of the empirical variational Bayes solution: how many values exceed its threshold, which is 1.06 (very long matrices)
 * to 1.11 (square ones) times the edge of the noise, sqrt(variance) (sqrt(rows) + sqrt(columns)). May be 0, and is below
 * rows columns / (rows + columns).
 *
 * @param singular all min(rows, columns) singular values, falling
 * @param variance of the noise of an entry; estimated where it is not given, by the minimum of the free energy, and by `standing`
 */
export function evbmf(singular: Float64Array, rows: number, columns: number, variance?: number): { rank: number; variance: number } {
  const shape = shapeOf(rows, columns);
  const squares = singular.map((value) => value * value);
  const rounding = ROUNDING * (singular[0] ?? 0);
  const rankOf = (noise: number): number => {
    const least = Math.sqrt(shape.threshold * shape.m * noise);
    return singular.filter((value) => value > Math.max(least, rounding)).length;
  };
  if (variance !== undefined) return { rank: rankOf(variance), variance };
  const found = { variance: estimated(squares, shape), rank: 0 };
  found.rank = rankOf(found.variance);
  const more = standing(squares, shape, rounding ** 2);
  return more.rank > found.rank ? more : found;
}

/**
 * The largest rank whose values all exceed the threshold of the noise that the other values have: their energy spread over the
 * (L - rank)(M - rank) entries that signals leave to noise. Where many of few values are signals, the free energy takes some of
 * them for noise (32 x 32 of rank 8: one of 20 matrices lost a signal; square matrices of rank 0.4 L all); this does not. Ours.
 */
function standing(squares: Float64Array, shape: Shape, least: number): { rank: number; variance: number } {
  const { l, m, threshold } = shape;
  const best = { rank: 0, variance: 0 };
  let energy = squares.reduce((sum, square) => sum + square, 0);
  for (let rank = 1; rank <= mostSignals(shape); rank += 1) {
    const square = squares[rank - 1] as number;
    energy = Math.max(0, energy - square);
    const variance = energy / ((l - rank) * (m - rank));
    if (square > Math.max(threshold * m * variance, least)) Object.assign(best, { rank, variance });
  }
  return best;
}

/** More components than this cannot stand out of noise. */
function mostSignals({ l, alpha }: Shape): number {
  return Math.min(Math.ceil(l / (1 + alpha)) - 1, l - 1);
}

function shapeOf(rows: number, columns: number): Shape {
  const l = Math.min(rows, columns);
  const m = Math.max(rows, columns);
  const alpha = l / m;
  const tau = thresholdTau(alpha);
  return { l, m, alpha, threshold: (1 + tau) * (1 + alpha / tau) };
}

/** The zero of phi(tau) + phi(tau / alpha) with phi(z) = log(z + 1) / z - 1/2, which falls; 2.5129 is the zero of phi alone. */
function thresholdTau(alpha: number): number {
  const phi = (z: number): number => Math.log1p(z) / z - 0.5;
  // Between the zeros of the two summands.
  let [low, high] = [2.5 * alpha, 2.6];
  while (high - low > Number.EPSILON * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (phi(middle) + phi(middle / alpha) > 0) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The variance with the least free energy. That has a kink wherever a value crosses the threshold and may have several minima:
 * every kink and a grid are tried, then the best place is refined between its neighbours.
 */
function estimated(squares: Float64Array, shape: Shape): number {
  const { l, m, threshold } = shape;
  const total = squares.reduce((sum, value) => sum + value, 0);
  const highest = total / (l * m);
  if (highest === 0) return 0;
  // What is behind all that can stand out is noise, and bounds it from below.
  const most = mostSignals(shape);
  const behind = squares.subarray(most);
  const mean = behind.reduce((sum, value) => sum + value, 0) / (m * behind.length);
  const lowest = Math.min(Math.max((squares[most] as number) / (m * threshold), mean, highest * ROUNDING ** 2), highest);

  const ratio = highest / lowest;
  const grid = Float64Array.from({ length: GRID + 1 }, (_, index) => lowest * ratio ** (index / GRID));
  const kinks = squares.map((value) => value / (m * threshold)).filter((value) => value > lowest && value < highest);
  const places = Float64Array.of(...grid, ...kinks).sort();
  const energies = places.map((place) => freeEnergy(place, squares, shape));
  let best = 0;
  energies.forEach((energy, index) => { if (energy < (energies[best] as number)) best = index; });
  const [low, high] = [places[Math.max(best - 1, 0)] as number, places[Math.min(best + 1, places.length - 1)] as number];
  const refined = goldenSection((place) => freeEnergy(place, squares, shape), low, high);
  return freeEnergy(refined, squares, shape) < (energies[best] as number) ? refined : places[best] as number;
}

/** Twice the free energy over M, up to a constant: x - log x of all values (the part of it that moves), and what components that stay add. */
function freeEnergy(variance: number, squares: Float64Array, { l, m, alpha, threshold }: Shape): number {
  let energy = l * Math.log(variance);
  for (const square of squares) {
    const x = square / (m * variance);
    energy += x;
    if (x <= threshold) continue;
    const excess = x - (1 + alpha);
    const tau = (excess + Math.sqrt(Math.max(excess ** 2 - 4 * alpha, 0))) / 2;
    energy += Math.log1p(tau) + alpha * Math.log1p(tau / alpha) - tau;
  }
  return energy;
}

function goldenSection(of: (place: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let [leftValue, rightValue] = [of(left), of(right)];
  for (let step = 0; step < REFINEMENTS; step += 1) {
    if (leftValue < rightValue) {
      [high, right, rightValue] = [right, left, leftValue];
      left = high - GOLDEN * (high - low);
      leftValue = of(left);
    } else {
      [low, left, leftValue] = [left, right, rightValue];
      right = low + GOLDEN * (high - low);
      rightValue = of(right);
    }
  }
  return (low + high) / 2;
}
