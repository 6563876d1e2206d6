// Adjoints of picking: a gradient goes back to where its elements were taken from. Everything here knows its places when
// the graph is written; places that are known only when it runs are in scattering.ts.

import type { GraphBuilder } from '../graphBuilder';
import { type Placed, product } from './axes';
import { scatterAdd } from './scattering';

/** Zeros put before and after along each axis; negative counts cut off. */
export function repad(build: GraphBuilder, { name, shape }: Pick<Placed, 'name' | 'shape'>, begins: readonly number[], ends: readonly number[]): string {
  const changes = [...begins, ...ends];
  if (changes.every((change) => change === 0)) return name;
  if (changes.some((change) => change > 0)) return build.node('Pad', [name, build.ints(changes)]);
  const axes = shape.flatMap((_, axis) => (begins[axis] === 0 && ends[axis] === 0 ? [] : [axis]));
  const starts = axes.map((axis) => -(begins[axis] ?? 0));
  const stops = axes.map((axis) => (shape[axis] ?? 0) + (ends[axis] ?? 0));
  return build.node('Slice', [name, build.ints(starts), build.ints(stops), build.ints(axes)]);
}

/** The order of elements turned round along axes. */
function reversed(build: GraphBuilder, { name, shape }: Pick<Placed, 'name' | 'shape'>, axes: readonly number[]): string {
  if (axes.length === 0) return name;
  // An end of -size - 1 is before the first element, whatever the size.
  const ends = axes.map((axis) => -(shape[axis] ?? 0) - 1);
  return build.node('Slice', [name, build.ints(axes.map(() => -1)), build.ints(ends), build.ints(axes), build.ints(axes.map(() => -1))]);
}

/** Neighbouring picks that go forwards (1), backwards (-1) or repeat one element (0). */
interface Run {
  /** First position in the picked tensor. */
  readonly at: number;
  readonly length: number;
  /** Smallest picked index. */
  readonly lowest: number;
  readonly step: -1 | 0 | 1;
}

/** More runs than this are scattered: every run costs passes over the whole tensor. */
const MAX_RUNS = 4;

/**
 * Adjoint of y = x picked along `axis`: dL/dx from `gradient` = dL/dy, whose size along the axis is `picks.length`.
 * Elements picked several times are summed, those not picked get zero.
 *
 * @param picks indices into x, 0 to size - 1
 * @param breaks positions in `picks` at which a new run starts, ascending, so that a whole copy of x stays in one piece
 */
export function unpick(build: GraphBuilder, gradient: Placed, axis: number, picks: readonly number[], size: number, breaks: readonly number[] = []): string {
  const runs = runsOf(picks, breaks);
  const [first, ...rest] = runs.length > MAX_RUNS ? [] : runs.map((run) => placeRun(build, gradient, axis, run, size));
  return first === undefined ? scatterPicks(build, gradient, axis, picks, size) : build.sum([first, ...rest]);
}

function runsOf(picks: readonly number[], breaks: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < picks.length;) {
    const limit = breaks.find((position) => position > at) ?? picks.length;
    const start = picks[at] as number;
    const change = at + 1 < limit ? (picks[at + 1] as number) - start : 1;
    const step = change === 0 || change === -1 ? change : 1;
    let length = 1;
    while (at + length < limit && picks[at + length] === start + length * step) length += 1;
    runs.push({ at, length, lowest: step < 0 ? start - length + 1 : start, step });
    at += length;
  }
  return runs;
}

function placeRun(build: GraphBuilder, { name, shape }: Placed, axis: number, { at, length, lowest, step }: Run, size: number): string {
  const whole = shape[axis] === length;
  const last = at + length - 1;
  let piece = name;
  if (step < 0) piece = build.slice(name, axis, last, at === 0 ? -(shape[axis] ?? 0) - 1 : at - 1, -1);
  else if (!whole) piece = build.slice(name, axis, at, at + length);
  if (step === 0) piece = build.reduceSum(piece, [axis]);
  const width = step === 0 ? 1 : length;
  const only = (value: number): number[] => shape.map((_, index) => (index === axis ? value : 0));
  return repad(build, { name: piece, shape: shape.map((dim, index) => (index === axis ? width : dim)) }, only(lowest), only(size - lowest - width));
}

function scatterPicks(build: GraphBuilder, { name, shape, type }: Placed, axis: number, picks: readonly number[], size: number): string {
  const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const scattered = scatterAdd(build, { name, shape: [outer, picks.length, inner], type }, { name: build.ints(picks), shared: true }, size);
  return build.reshape(scattered, shape.map((dim, index) => (index === axis ? size : dim)));
}

/** Where an axis is cut: positions first, first + step, ... */
export interface Cut {
  readonly first: number;
  readonly step: number;
}

/** Adjoint of a strided slice with `cuts` by axis; `gradient` has the shape of the slice, the result has `shape`. */
export function unslice(build: GraphBuilder, gradient: Pick<Placed, 'name' | 'shape'>, cuts: readonly Cut[], shape: readonly number[]): string {
  const counts = gradient.shape;
  const countOf = (axis: number): number => counts[axis] ?? 1;
  const backwards = cuts.flatMap(({ step }, axis) => (step < 0 && countOf(axis) > 1 ? [axis] : []));
  const turned = reversed(build, gradient, backwards);
  const steps = cuts.map(({ step }, axis) => (countOf(axis) > 1 ? Math.abs(step) : 1));
  const firsts = cuts.map(({ first, step }, axis) => (backwards.includes(axis) ? first + (countOf(axis) - 1) * step : first));
  const spread = spreadOut(build, { name: turned, shape: counts }, steps);
  const ends = shape.map((size, axis) => size - (firsts[axis] ?? 0) - countOf(axis) * (steps[axis] ?? 1));
  return repad(build, { name: spread, shape: counts.map((count, axis) => count * (steps[axis] ?? 1)) }, firsts, ends);
}

/** step - 1 zeros behind every element along each axis. */
function spreadOut(build: GraphBuilder, { name, shape }: Pick<Placed, 'name' | 'shape'>, steps: readonly number[]): string {
  if (steps.every((step) => step === 1)) return name;
  const split = shape.flatMap((count, axis) => (steps[axis] === 1 ? [count] : [count, 1]));
  const zeros = steps.flatMap((step) => (step === 1 ? [0] : [0, step - 1]));
  const padded = repad(build, { name: build.reshape(name, split), shape: split }, split.map(() => 0), zeros);
  return build.reshape(padded, shape.map((count, axis) => count * (steps[axis] ?? 1)));
}
