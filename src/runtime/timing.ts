// Latency of one or more things, measured interleaved in one process: the machine's slow minutes weigh on all alike.
// It knows nothing of sessions; callers turn idle spinning off (sessions.ts), or the threads of the model that waits
// steal the cores of the one that runs.

import { throwIfAborted } from '../engine/error';
import type { FiguresDelta, Latency } from '../protocol/report';
import { seededRandom } from '../engine/random';
import { latencyOf, quantile, ratioOfMedians } from './statistics';

/**
 * A group of runs lasts about this long, ms: drift between neighbours is smaller the closer they are. Far below the
 * 250 ms that a cancel or a heartbeat may wait; a single run that takes longer is a group of its own.
 */
const GROUP_MS = 50;
/** Rounds over which medians and their bootstrap are taken; below about ten the interval is hardly one. */
const ROUNDS = 11;
/** Slow models get fewer rounds when eleven would take longer than this, ms. */
const PATIENCE_MS = 30_000;
const FEWEST_ROUNDS = 5;
const DEFAULT_BUDGET_MS = 2000;
const MAX_RUNS_PER_GROUP = 64;
/** Runs before the first measured one: arenas grow and weights are prepacked in the first, caches fill in the second. */
const WARM_UP_RUNS = 3;
/** A run longer than this, ms, fills the caches by itself: it needs no warm-up after another model has run. */
const WARM_RUN_MS = 20;

export interface TimingOptions {
  /** Measured runs of each candidate; default as many as fit in `budgetMs`, at least one for each of 11 rounds. */
  readonly runs?: number;
  /** Time for each candidate in ms; default 2000. */
  readonly budgetMs?: number;
  /** No more measured runs of a candidate than this. */
  readonly maxRuns?: number;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly progress?: (fraction: number) => void;
  /** Milliseconds from some start; default `performance.now`. */
  readonly clock?: () => number;
}

export interface Timing {
  readonly latency: Latency;
  /** Wall time of every measured run, ms, in order. */
  readonly samples: readonly number[];
  /** Median of each round, ms. */
  readonly rounds: readonly number[];
  /** Positions of the measured runs among all runs of the candidate, warm-up included, from 0. */
  readonly measured: readonly number[];
}

interface Candidate {
  readonly run: () => Promise<unknown>;
  /** Time of one run, ms, from the warm-up. */
  once: number;
  readonly samples: number[];
  readonly rounds: number[];
  readonly measured: number[];
  count: number;
}

/** Times each of `runs`; the order within a round turns around every round (A B, B A, ...). Throws `cancelled`. */
export async function timeInterleaved(runs: readonly (() => Promise<unknown>)[], options: TimingOptions = {}): Promise<Timing[]> {
  const candidates: Candidate[] = [];
  for (const run of runs) candidates.push(await warmUp({ run, once: 0, samples: [], rounds: [], measured: [], count: 0 }, options));
  const { groups, rounds } = planOf(candidates, options);
  for (let round = 0; round < rounds; round++) {
    const order = [...candidates.entries()];
    for (const [index, candidate] of round % 2 === 0 ? order : order.reverse()) {
      const left = (options.runs ?? Number.POSITIVE_INFINITY) - candidate.samples.length;
      await runGroup(candidate, candidates.length > 1, Math.min(groups[index] ?? 1, left), options);
    }
    options.progress?.((round + 1) / rounds);
  }
  return candidates.map(({ samples, rounds: medians, measured }) => ({ latency: latencyOf(samples), samples, rounds: medians, measured }));
}

/** Difference and ratio `after` to `before`, from timings of one `timeInterleaved`. */
export function compareTimings(before: Timing, after: Timing): NonNullable<FiguresDelta['latency']> {
  const estimate = ratioOfMedians(before.rounds, after.rounds, seededRandom(before.rounds.length));
  return { difference: after.latency.median - before.latency.median, ...estimate };
}

/** Runs a few times and notes how long one run takes. */
async function warmUp(candidate: Candidate, options: TimingOptions): Promise<Candidate> {
  let total = 0;
  // A second run at least: the first is no measure of the others.
  for (let i = 0; i < WARM_UP_RUNS && (i < 2 || total < GROUP_MS); i++) {
    candidate.once = await runOnce(candidate, options);
    total += candidate.once;
  }
  return candidate;
}

/** Runs of each candidate in a round, and rounds. */
function planOf(candidates: readonly Candidate[], options: TimingOptions): { readonly groups: readonly number[]; readonly rounds: number } {
  const sizes = candidates.map(({ once }) => Math.max(1, Math.min(MAX_RUNS_PER_GROUP, Math.floor(GROUP_MS / once))));
  if (options.runs !== undefined) {
    const size = Math.max(1, Math.min(...sizes, Math.floor(options.runs / ROUNDS)));
    return { groups: sizes.map(() => size), rounds: Math.ceil(options.runs / size) };
  }
  const roundMs = candidates.reduce((sum, { once }, index) => sum + once * (sizes[index] ?? 1), 0);
  const fitting = Math.round(((options.budgetMs ?? DEFAULT_BUDGET_MS) * candidates.length) / roundMs);
  const fewest = ROUNDS * roundMs > PATIENCE_MS ? FEWEST_ROUNDS : ROUNDS;
  const most = Math.max(1, Math.floor((options.maxRuns ?? Number.POSITIVE_INFINITY) / Math.max(...sizes)));
  return { groups: sizes, rounds: Math.min(Math.max(fitting, fewest), most) };
}

async function runGroup(candidate: Candidate, cold: boolean, runs: number, options: TimingOptions): Promise<void> {
  // The neighbour has just filled the caches with its own weights: one run brings ours back.
  if (cold && candidate.once < WARM_RUN_MS) await runOnce(candidate, options);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    candidate.measured.push(candidate.count);
    times.push(await runOnce(candidate, options));
  }
  candidate.samples.push(...times);
  candidate.rounds.push(quantile(times, 0.5));
}

async function runOnce(candidate: Candidate, { signal, clock = () => performance.now() }: TimingOptions): Promise<number> {
  throwIfAborted(signal);
  candidate.count++;
  const start = clock();
  await candidate.run();
  return clock() - start;
}
