// Runs validated passes one after the other and keeps what belongs to the whole run: origins, forms, findings, and which
// pass touched which layer. Saves nothing; the job does, in the callback after each step.

import type { Progress } from '../../protocol/jobs';
import type { Finding } from '../../protocol/report';
import type { FormCode, Said } from '../../protocol/text/index';
import { throwIfAborted } from '../error';
import type { Model } from '../ir/model';
import type { AppliedPass, Origins, PassCheckpoint, PassContext, PassOutcome, PassServices } from './pass';
import { seededRandom } from '../random';
import { type ValidPass, validateOptions } from './recipe';
import { findPass } from './registry';
import { isChange, joinForms } from './joinForms';
import { scaled } from './progressShare';

/** The state of a run after some of its passes. */
export interface RunState {
  readonly model: Model;
  readonly origins: Origins;
  /** What became of layers, by layer id of the original. */
  readonly forms: ReadonlyMap<string, Said<FormCode>>;
  /** Ids of the passes that touched a layer, by its id. */
  readonly touched: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly Finding[];
}

/** `progress` is over the whole run: each pass has an equal share. */
export interface RunServices extends PassServices {
  readonly seed: number;
  /** Bytes that the pass at `step` may keep to go on after a kill, or a pass that it applied (`call`, e.g. `2`, `2.1`); default: none are kept. */
  checkpoint?(step: number, call?: string): PassCheckpoint;
}

export interface RunHooks {
  /** After each pass: `seconds` is the time of the pass alone. Awaited before the next pass starts. */
  onStep?(step: number, pass: ValidPass, state: RunState, seconds: number, outcome: PassOutcome): Promise<void> | void;
  /** First pass to run, when `start` is the state that a checkpoint kept. Default 0. */
  readonly from?: number;
}

export function initialState(model: Model, origins: Origins): RunState {
  return { model, origins, forms: new Map(), touched: new Map(), findings: [] };
}

/** Throws what a pass throws, and `cancelled` between passes once the signal is aborted. */
export async function runPasses(start: RunState, passes: readonly ValidPass[], services: RunServices, hooks: RunHooks = {}): Promise<RunState> {
  let state = start;
  for (const [step, entry] of passes.entries()) {
    if (step < (hooks.from ?? 0)) continue;
    throwIfAborted(services.signal);
    const began = performance.now();
    const outcome = await runStep(entry, step, passes.length, state, services);
    state = merge(state, outcome, entry.pass.id);
    await hooks.onStep?.(step, entry, state, (performance.now() - began) / 1000, outcome);
  }
  return state;
}

function runStep({ pass, options }: ValidPass, step: number, steps: number, state: RunState, services: RunServices): Promise<PassOutcome> {
  const progress = (inner: Progress): void => services.progress({ ...inner, fraction: (step + (inner.fraction ?? 0)) / steps });
  const context = contextFor(step, state.origins, services, progress);
  progress({ activity: 'progress.running', params: { pass: `pass.${pass.id}` }, fraction: 0 });
  return pass.run(state.model, options, context);
}

function contextFor(step: number, origins: Origins, services: RunServices, progress: PassContext['progress'], call?: string): PassContext {
  let calls = 0;
  const { runtime, data, provider, threads, dims, target, original, openModel, metric, signal, seed } = services;
  return {
    runtime, provider, threads, dims, target, origins, progress,
    ...(data !== undefined && { data }),
    ...(original !== undefined && { original }),
    ...(openModel !== undefined && { openModel }),
    ...(metric !== undefined && { metric }),
    ...(signal !== undefined && { signal }),
    // A pass draws the same numbers whether the run began with it or came from a checkpoint.
    random: seededRandom(seed + step),
    checkpoint: services.checkpoint?.(step, call) ?? noCheckpoint,
    apply: (id, model, options, inner = {}) => {
      const pass = findPass(id);
      calls += 1;
      const own = call === undefined ? String(calls) : `${call}.${calls}`;
      return pass.run(model, validateOptions(pass, options), contextFor(step, inner.origins ?? origins, { ...services, ...withOriginal(services, inner) }, scaled(progress, inner.share ?? [0, 1]), own));
    },
  };
}

function withOriginal({ original }: PassServices, inner: AppliedPass): Pick<PassServices, 'original'> {
  const known = original ?? inner.original;
  return known === undefined ? {} : { original: known };
}

const noCheckpoint: PassCheckpoint = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

function merge(state: RunState, outcome: PassOutcome, pass: string): RunState {
  const touched = new Map(state.touched);
  const forms = new Map(state.forms);
  for (const [layer, form] of outcome.forms) {
    if (isChange(form)) touched.set(layer, [...new Set([...(touched.get(layer) ?? []), pass])]);
    forms.set(layer, joinForms(forms.get(layer), form));
  }
  return {
    model: outcome.model,
    origins: outcome.origins,
    forms,
    touched,
    findings: [...state.findings, ...outcome.findings],
  };
}
