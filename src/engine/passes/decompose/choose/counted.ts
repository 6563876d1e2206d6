// A budget of parameters or multiplications: the least loss within it, shared out again where factors turn out slower than their
// layers.

import { formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { said, type TextParams } from '../../../../protocol/text/index';
import { formatCost } from '../../costs';
import { invalidOption } from '../../invalidOption';
import type { PassContext } from '../../pass';
import type { ChainClock, FormTimes } from '../measure/chainTimes';
import type { LayerStudy } from '../measure/study';
import type { BudgetMeasure } from '../options';
import { type Choice, spend } from '../ranks/budget';
import { type Choosing, type ChoosingTask, type Form, isSlower, leftOf, timesOf, unreachable } from './shared';

/** Times that the budget is shared out again after layers turned out slower as factors. */
const ROUNDS = 4;

export interface CountedTarget {
  readonly measure: Exclude<BudgetMeasure, 'latency'>;
  readonly amount: number;
  readonly absolute: boolean;
}

export async function byCount({ studies, settings, costs }: ChoosingTask, { measure, amount, absolute }: CountedTarget, clock: ChainClock | undefined, context: PassContext): Promise<Choosing> {
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

function missed(params: TextParams): Finding {
  return { severity: 'warning', ...said('finding.decomposeMissed', params) };
}
