// A budget of milliseconds: some ranks of each layer are timed alone, and choices of these are tried as whole models until one meets
// the target.

import { formatMs, formatPercent } from '../../../../protocol/format';
import { cloneModel } from '../../../ir/clone';
import type { Model } from '../../../ir/model';
import { invalidOption } from '../../invalidOption';
import { meetByTrying } from '../../layerTimes/correct';
import { latencyOf, ratioFinding, ratioOf } from '../../layerTimes/whole';
import type { PassContext } from '../../pass';
import { chainClock, type FormTimes } from '../measure/chainTimes';
import type { Candidate, LayerStudy } from '../measure/study';
import { zeroFactors } from '../measure/zeroFactors';
import { type Choice, spend } from '../ranks/budget';
import { replaceLayer } from '../surgery/replace';
import { type Choosing, type ChoosingTask, type Decided, type Form, isSlower, leftOf, timesOf, unreachable } from './shared';

/** Ranks of a layer and method that are timed: what lies between is predicted no better than by them. Ours. */
const TIMED_RANKS = 4;

export async function byTime({ model, studies, settings }: ChoosingTask, context: PassContext): Promise<Choosing> {
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
