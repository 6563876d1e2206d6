// Which form each layer gets: the least loss within a budget, or what a rule says, and only factors that are faster than the
// layer they stand for, as far as that can be measured.

import type { Finding } from '../../../protocol/report';
import { type FormCode, said, type TextParams } from '../../../protocol/text/index';
import { formatMs, formatPercent } from '../../../protocol/format';
import { EngineError } from '../../error';
import { cloneModel } from '../../ir/clone';
import type { Model } from '../../ir/model';
import { type Costs, formatCost } from '../costs';
import { meetByTrying } from '../layerTimes/correct';
import { latencyOf, ratioFinding, ratioOf } from '../layerTimes/whole';
import type { PassContext } from '../pass';
import { invalidOption } from '../invalidOption';
import { type ChainClock, chainClock, type FormTimes } from './measure/chainTimes';
import type { Candidate, LayerStudy } from './measure/study';
import { zeroFactors } from './measure/zeroFactors';
import type { BudgetMeasure, DecomposeSettings } from './options';
import { type Choice, spend } from './ranks/budget';
import { replaceLayer } from './surgery/replace';

/** A layer that becomes factors. */
export interface Decided {
  readonly study: LayerStudy;
  readonly candidate: Candidate;
  readonly times: FormTimes | undefined;
}

/** A layer that stays as it is, and why. */
export interface Left {
  readonly id: string;
  readonly why: Extract<FormCode, `why.${string}`>;
  readonly params: TextParams;
}

export interface Choosing {
  readonly decided: readonly Decided[];
  readonly left: readonly Left[];
  readonly findings: readonly Finding[];
}

export interface ChoosingTask {
  readonly model: Model;
  readonly studies: readonly LayerStudy[];
  readonly settings: DecomposeSettings;
  /** Of the whole model. */
  readonly costs: Costs;
}

/** @throws EngineError `decomposeTargetUnreachable`, `nothingToDecompose`, `latencyUnknown`, `invalidOption` for a target that is met already. */
export async function chooseForms(task: ChoosingTask, context: PassContext): Promise<Choosing> {
  const { settings: { goal } } = task;
  if (goal.kind === 'budget' && goal.target.measure === 'latency') return byTime(task, context);
  const clock = task.settings.timed && context.runtime.latencies !== undefined ? await chainClock(task.model, context) : undefined;
  return goal.kind === 'rule' ? byRules(task, clock, context) : byCount(task, { ...goal.target, measure: goal.target.measure === 'parameters' ? 'parameters' : 'macs' }, clock, context);
}

/** Factors have to take less of the layer's time than this: two medians differ by as much. */
const FASTER = 0.97;

function isSlower(times: FormTimes | undefined): times is FormTimes {
  return times !== undefined && times[1] >= FASTER * times[0];
}

function slower({ layer }: LayerStudy, [whole, factors]: FormTimes): Left {
  return { id: layer.id, why: 'why.factorsSlower', params: { before: formatMs(whole), after: formatMs(factors) } };
}

function without({ layer, why }: LayerStudy): Left {
  return { id: layer.id, why: why ?? 'why.rankNotCheaper', params: {} };
}

// ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function byRules({ studies }: ChoosingTask, clock: ChainClock | undefined, context: PassContext): Promise<Choosing> {
  const [decided, left]: [Decided[], Left[]] = [[], []];
  const forms = studies.flatMap((study) => (study.candidates[0] === undefined ? [] : [{ study, candidate: study.candidates[0] }]));
  const times = await timesOf(forms, clock, context);
  for (const [index, form] of forms.entries()) {
    const own = times[index];
    if (isSlower(own)) left.push(slower(form.study, own));
    else decided.push({ ...form, times: own });
  }
  left.push(...studies.filter(({ candidates }) => candidates.length === 0).map(without));
  return { decided, left, findings: [] };
}

interface Form {
  readonly study: LayerStudy;
  readonly candidate: Candidate;
}

async function timesOf(forms: readonly Form[], clock: ChainClock | undefined, context: PassContext): Promise<readonly (FormTimes | undefined)[]> {
  if (clock === undefined) return forms.map(() => undefined);
  return clock.times(forms.map(({ study: { layer }, candidate: { shapes } }) => ({ layer, factors: shapes })), (fraction) => {
    context.progress({ activity: 'progress.profiling', fraction });
  });
}

// ── a budget that is counted ─────────────────────────────────────────────────────────────────────────────────────

/** Times that the budget is shared out again after layers turned out slower as factors. */
const ROUNDS = 4;

interface CountedTarget {
  readonly measure: Exclude<BudgetMeasure, 'latency'>;
  readonly amount: number;
  readonly absolute: boolean;
}

async function byCount({ studies, settings, costs }: ChoosingTask, { measure, amount, absolute }: CountedTarget, clock: ChainClock | undefined, context: PassContext): Promise<Choosing> {
  const full = costs[measure];
  if (full === null) throw invalidOption(settings.passId, measure, 'problem.macsUnknown', 'parameters, ranks');
  const most = absolute ? amount : amount * full;
  if (most >= full) throw invalidOption(settings.passId, measure, 'problem.targetMet', 'allowed.lessThan', { measure: `option.${measure}`, found: formatCost(measure, full), high: formatCost(measure, full) });
  const costOf = (cost: { readonly parameters: number; readonly macs: number | null }): number => cost[measure] ?? 0;
  const fixed = full - studies.reduce((sum, { whole }) => sum + costOf(whole), 0);
  const pool = studies.map(({ candidates }) => [...candidates]);
  const slow = new Map<LayerStudy, FormTimes>();
  for (let round = 0; ; round += 1) {
    const choices = studies.map(({ whole }, index): readonly Choice[] => [{ cost: costOf(whole), loss: 0 }, ...(pool[index] ?? []).map(({ cost, loss }) => ({ cost: costOf(cost), loss }))]);
    const smallest = choices.reduce((sum, own) => sum + Math.min(...own.map(({ cost }) => cost)), 0);
    if (round === 0 && smallest > most - fixed) throw unreachable(settings, { measure, wanted: formatCost(measure, most), smallest: formatCost(measure, smallest + fixed), share: (smallest + fixed) / full });
    // Once slow forms are gone the target may be out of reach: then as near as can be.
    const chosen = spend(choices, Math.max(most - fixed, smallest)) ?? [];
    const forms = studies.flatMap((study, index): (Form & { readonly index: number })[] => {
      const candidate = pool[index]?.[(chosen[index] ?? 0) - 1];
      return candidate === undefined ? [] : [{ study, candidate, index }];
    });
    const times = await timesOf(forms, clock, context);
    const late = forms.filter((_, at) => isSlower(times[at]));
    for (const [at, { study, candidate, index }] of forms.entries()) {
      const own = times[at];
      if (!isSlower(own)) continue;
      slow.set(study, own);
      // More of the same takes longer still; in the last round nothing of a slow layer is tried any more.
      pool[index] = round + 1 >= ROUNDS ? [] : (pool[index] ?? []).filter((other) => other.method !== candidate.method || costOf(other.cost) < costOf(candidate.cost));
    }
    if (late.length > 0) continue;
    const total = fixed + chosen.reduce((sum, index, layer) => sum + (choices[layer]?.[index]?.cost ?? 0), 0);
    return {
      decided: forms.map((form, at) => ({ ...form, times: times[at] })),
      left: leftOf(studies, forms, slow),
      findings: total > most ? [missed({ measure: `option.${measure}`, wanted: formatPercent(most / full), left: formatPercent(total / full) })] : [],
    };
  }
}

function leftOf(studies: readonly LayerStudy[], forms: readonly Form[], slow: ReadonlyMap<LayerStudy, FormTimes>): readonly Left[] {
  const taken = new Set(forms.map(({ study }) => study));
  return studies.filter((study) => !taken.has(study)).map((study): Left => {
    const times = slow.get(study);
    if (study.candidates.length === 0) return without(study);
    return times === undefined ? { id: study.layer.id, why: 'why.lossTooLarge', params: {} } : slower(study, times);
  });
}

interface Unreachable {
  readonly measure: BudgetMeasure;
  readonly wanted: string;
  readonly smallest: string;
  readonly share: number;
}

/** Shares are rounded up to so many parts, or the advice could not be met. */
const PARTS = 1000;

function unreachable({ grain, ignore, methods }: DecomposeSettings, { measure, wanted, smallest, share }: Unreachable): EngineError {
  return new EngineError('decomposeTargetUnreachable', {
    measure: `option.${measure}`, wanted, smallest, share: Math.ceil(share * PARTS) / PARTS, grain: grain.size,
    ask: share < 1 ? 'problem.letGo.ask' : 'problem.letGo.nothing',
    narrower: grain.size > 1 ? 'problem.letGo.rankGrain' : '',
    methods: methods.length === 1 ? 'problem.letGo.methods' : '',
    fewer: ignore.length > 0 ? 'problem.letGo.ignored' : '',
  });
}

// ── a budget in time ─────────────────────────────────────────────────────────────────────────────────────────────

/** Ranks of a layer and method that are timed: what lies between is predicted no better than by them. Ours. */
const TIMED_RANKS = 4;

async function byTime({ model, studies, settings }: ChoosingTask, context: PassContext): Promise<Choosing> {
  const { goal } = settings;
  if (goal.kind !== 'budget') throw new Error('no budget');
  const { target: { amount, absolute } } = goal;
  const whole = await latencyOf(model, context);
  if (absolute && amount >= whole) throw invalidOption(settings.passId, 'latency', 'problem.targetMet', 'allowed.lessThan', { measure: 'option.latency', found: formatMs(whole), high: formatMs(whole) });
  const wanted = absolute ? amount / whole : amount;
  const clock = await chainClock(model, context);
  const forms = studies.flatMap((study): Form[] => timedCandidates(study).map((candidate) => ({ study, candidate })));
  const times = await timesOf(forms, clock, context);
  const slow = new Map<LayerStudy, FormTimes>();
  const pool = new Map<LayerStudy, { readonly candidate: Candidate; readonly times: FormTimes }[]>();
  for (const [index, { study, candidate }] of forms.entries()) {
    const own = times[index];
    if (own === undefined) continue;
    if (isSlower(own)) slow.set(study, own);
    else pool.set(study, [...(pool.get(study) ?? []), { candidate, times: own }]);
  }
  // Of layers that some ranks make faster, those that do not are no reason.
  for (const study of pool.keys()) slow.delete(study);
  const timed = [...pool.keys()];
  const alone = timed.reduce((sum, study) => sum + (pool.get(study)?.[0]?.times[0] ?? 0), 0);
  // Alone the layers may take longer than within the model: then all are taken as that much faster there.
  const scale = alone > whole ? whole / alone : 1;
  const fixed = whole - alone * scale;
  const choices = timed.map((study): readonly Choice[] => {
    const own = pool.get(study) ?? [];
    return [{ cost: (own[0]?.times[0] ?? 0) * scale, loss: 0 }, ...own.map(({ candidate: { loss }, times: [, factors] }) => ({ cost: factors * scale, loss }))];
  });
  const smallest = fixed + choices.reduce((sum, own) => sum + Math.min(...own.map(({ cost }) => cost)), 0);
  if (smallest > wanted * whole) throw unreachable(settings, { measure: 'latency', wanted: `${formatMs(wanted * whole)} (${formatPercent(wanted)})`, smallest: formatMs(smallest), share: smallest / whole });
  const choose = (budget: number): readonly Decided[] | undefined => spend(choices, budget * whole - fixed)?.flatMap((index, layer): Decided[] => {
    const study = timed[layer];
    const found = study === undefined ? undefined : pool.get(study)?.[index - 1];
    return study === undefined || found === undefined ? [] : [{ study, ...found }];
  });
  const predicted = (decided: readonly Decided[]): number => decided.reduce((sum, { times: own }) => sum - (own === undefined ? 0 : (own[0] - own[1]) * scale), whole) / whole;
  const best = await meetByTrying(wanted, choose, async (chosen) => ({ chosen, predicted: predicted(chosen), measured: await ratioOf(model, withZeros(model, chosen), context) }));
  if (best === undefined) throw new Error('no choice is so fast, though the smallest is');
  return { decided: best.chosen, left: leftOf(studies, best.chosen, slow), findings: [ratioFinding(best, wanted)] };
}

/** A few of the ranks of each method, evenly spread over the ways between smallest and largest. */
function timedCandidates({ candidates }: LayerStudy): readonly Candidate[] {
  const methods = [...new Set(candidates.map(({ method }) => method))];
  return methods.flatMap((method) => {
    const own = candidates.filter((candidate) => candidate.method === method);
    if (own.length <= TIMED_RANKS) return own;
    const places = Array.from({ length: TIMED_RANKS }, (_, index) => Math.round((index * (own.length - 1)) / (TIMED_RANKS - 1)));
    return own.filter((_, index) => places.includes(index));
  });
}

/** The model as it would be, with zeros for numbers. */
function withZeros(model: Model, decided: readonly Decided[]): Model {
  const copy = cloneModel(model);
  for (const { study: { layer }, candidate: { shapes } } of decided) replaceLayer(copy, layer, zeroFactors(shapes, layer.groups));
  return copy;
}

// ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────

function missed(params: TextParams): Finding {
  return { severity: 'warning', ...said('finding.decomposeMissed', params) };
}
