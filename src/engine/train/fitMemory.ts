// Chooses how many samples go through the graph at a time, so that a step fits the memory that is free.

import { EngineError } from '../error';
import { type PlannedTraining, planTraining } from './openTraining';
import type { TrainingRequest } from './training';

/** The rest of the system, and what the estimate leaves out, keep a fifth of what is free. */
const USABLE_SHARE = 0.8;

/**
 * The plan for whole batches, or for parts of them where whole ones do not fit.
 *
 * @throws EngineError `batchTooLarge` when not even one sample fits
 */
export async function fitMemory(request: TrainingRequest, batch: number): Promise<PlannedTraining> {
  let planned = await planTraining(request, batch);
  while (planned.bytes > usable(request)) planned = await smallerBatch(planned, 'estimate');
  return planned;
}

/**
 * A plan with half as many samples a run, or a little fewer where that divides the batch; else batches lose the remainder.
 * Releases the teacher of `planned` where the reason is the estimate.
 *
 * @throws EngineError `batchTooLarge` where there is no smaller number
 */
export async function smallerBatch(planned: PlannedTraining, reason: 'estimate' | 'outOfMemory', cause?: unknown): Promise<PlannedTraining> {
  const { request, plan, bytes } = planned;
  const smaller = partOf(plan.batch, Math.floor(plan.microbatch / 2));
  if (reason === 'estimate') await planned.teacher?.release();
  const next = smaller === 0 ? undefined : await planTraining(request, smaller);
  if (next === undefined || next.plan.microbatch >= plan.microbatch) {
    await next?.teacher?.release();
    const free = usable(request);
    throw new EngineError('batchTooLarge', {
      batch: plan.microbatch, needed: bytes, free: Number.isFinite(free) ? free : 0, largest: Math.min(plan.microbatch - 1, Math.floor((plan.microbatch * free) / bytes)),
    }, { cause });
  }
  request.onEvent?.({
    type: 'microbatch', from: plan.microbatch, to: next.plan.microbatch, reason, estimatedBytes: bytes, freeBytes: request.runtime.freeMemory?.() ?? null,
  });
  return { ...next, shrunkFrom: planned.shrunkFrom ?? plan.microbatch };
}

function usable({ runtime }: TrainingRequest): number {
  return (runtime.freeMemory?.() ?? Infinity) * USABLE_SHARE;
}

/** The largest number that divides `whole`, from `most` down to half of it; `most` where there is none, as for primes. */
function partOf(whole: number, most: number): number {
  for (let candidate = most; candidate > most / 2; candidate -= 1) if (whole % candidate === 0) return candidate;
  return most;
}
