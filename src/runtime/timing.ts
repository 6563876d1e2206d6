// Latency of one or more things, measured interleaved in one process: the machine's slow minutes weigh on all alike.
// It knows nothing of sessions; callers turn idle spinning off (sessions.ts), or the threads of the model that waits
// steal the cores of the one that runs.

import { throwIfAborted } from '../engine/error';
import type { FiguresDelta, Latency } from '../protocol/report';
import { seededRandom } from '../engine/passes/random';
import { latencyOf, quantile, ratioOfMedians } from './statistics';

/** A group of runs of one candidate lasts about this long, so that a cancel or a heartbeat never waits longer. */
const GROUP_MS = 250;
/** Within a round a group is shorter: drift between neighbours is smaller the closer they are. */
const ROUND_GROUP_MS = 50;
/** Rounds over which medians and their bootstrap are taken; below about ten the interval is not one. */
const MIN_ROUNDS = 11;
const DEFAULT_BUDGET_MS = 2000;
const MAX_RUNS_PER_GROUP = 64;
/** Runs before the first measured one: arenas grow and weights are prepacked in the first, caches fill in the second. */
const WARM_UP_RUNS = 3;

export interface TimingOptions {
  /** Measured runs of each candidate; default as many as fit in `budgetMs`, at least one for each of 11 rounds. */
  readonly runs?: number;
  /** Time for each candidate in ms; default 2000. */
  readonly budgetMs?: number;
  /** No more runs of a candidate than this, warm-up included, about. */
  readonly maxRuns?: number;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly progress?: (fraction: number) => void;
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
  readonly samples: number[];
  readonly rounds: number[];
  readonly measured: number[];
  count: number;
}

/** Times each of `runs`; the order within a round turns around every round (A B, B A, ...). Throws `cancelled`. */
export async function timeInterleaved(runs: readonly (() => Promise<unknown>)[], options: TimingOptions = {}): Promise<Timing[]> {
  const candidates = runs.map((run): Candidate => ({ run, samples: [], rounds: [], measured: [], count: 0 }));
  const estimates: number[] = [];
  for (const candidate of candidates) estimates.push(await warmUp(candidate, options.signal));

  const plan = candidates.map((_, index) => planOf(estimates[index] ?? GROUP_MS, options));
  const rounds = Math.max(...plan.map((each) => each.rounds));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...candidates.keys()] : [...candidates.keys()].reverse();
    for (const index of order) {
      const candidate = candidates[index];
      const group = plan[index]?.perGroup ?? 1;
      if (candidate) await runGroup(candidate, candidates.length > 1, group, options.signal);
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

/** Runs a few times and returns the time of one run in ms. */
async function warmUp(candidate: Candidate, signal: AbortSignal | undefined): Promise<number> {
  let last = 0;
  let total = 0;
  for (let i = 0; i < WARM_UP_RUNS && (i < 2 || total < GROUP_MS); i++) {
    last = await runOnce(candidate, signal);
    total += last;
  }
  return last;
}

function planOf(estimate: number, options: TimingOptions): { readonly perGroup: number; readonly rounds: number } {
  const once = Math.max(estimate, 1e-3);
  const fitting = options.runs ?? Math.max(MIN_ROUNDS, Math.round((options.budgetMs ?? DEFAULT_BUDGET_MS) / once));
  const wanted = Math.min(fitting, options.maxRuns ?? Number.POSITIVE_INFINITY);
  const perGroup = Math.max(1, Math.min(MAX_RUNS_PER_GROUP, Math.floor(ROUND_GROUP_MS / once), Math.floor(wanted / MIN_ROUNDS)));
  return { perGroup, rounds: Math.max(1, Math.ceil(wanted / perGroup)) };
}

async function runGroup(candidate: Candidate, cold: boolean, runs: number, signal: AbortSignal | undefined): Promise<void> {
  // The neighbour has just filled the caches with its own weights: one run brings ours back.
  if (cold) await runOnce(candidate, signal);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    candidate.measured.push(candidate.count);
    times.push(await runOnce(candidate, signal));
  }
  candidate.samples.push(...times);
  candidate.rounds.push(quantile(times, 0.5));
}

async function runOnce(candidate: Candidate, signal: AbortSignal | undefined): Promise<number> {
  throwIfAborted(signal);
  candidate.count++;
  const start = performance.now();
  await candidate.run();
  return performance.now() - start;
}
