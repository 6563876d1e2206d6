// What all ways of choosing share: what they take and give, the times of forms, and what is said of layers that stay whole and of
// targets that are out of reach.

import type { Finding } from '../../../../protocol/report';
import { formatMs } from '../../../../protocol/format';
import type { FormCode, TextParams } from '../../../../protocol/text/index';
import { EngineError } from '../../../error';
import type { Model } from '../../../ir/model';
import type { Costs } from '../../costs';
import type { PassContext } from '../../pass';
import type { ChainClock, FormTimes } from '../measure/chainTimes';
import type { Candidate, LayerStudy } from '../measure/study';
import type { BudgetMeasure, DecomposeSettings } from '../options';

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

export interface Form {
  readonly study: LayerStudy;
  readonly candidate: Candidate;
}

export async function timesOf(forms: readonly Form[], clock: ChainClock | undefined, context: PassContext): Promise<readonly (FormTimes | undefined)[]> {
  if (clock === undefined) return forms.map(() => undefined);
  return clock.times(forms.map(({ study: { layer }, candidate: { shapes } }) => ({ layer, factors: shapes })), (fraction) => {
    context.progress({ activity: 'progress.profiling', fraction });
  });
}

/** Factors have to take less of the layer's time than this: two medians differ by as much. */
const FASTER = 0.97;

export function isSlower(times: FormTimes | undefined): times is FormTimes {
  return times !== undefined && times[1] >= FASTER * times[0];
}

export function slower({ layer }: LayerStudy, [whole, factors]: FormTimes): Left {
  return { id: layer.id, why: 'why.factorsSlower', params: { before: formatMs(whole), after: formatMs(factors) } };
}

export function without({ layer, why }: LayerStudy): Left {
  return { id: layer.id, why: why ?? 'why.rankNotCheaper', params: {} };
}

export function leftOf(studies: readonly LayerStudy[], forms: readonly Form[], slow: ReadonlyMap<LayerStudy, FormTimes>): readonly Left[] {
  const taken = new Set(forms.map(({ study }) => study));
  return studies.filter((study) => !taken.has(study)).map((study): Left => {
    const times = slow.get(study);
    if (study.candidates.length === 0) return without(study);
    return times === undefined ? { id: study.layer.id, why: 'why.lossTooLarge', params: {} } : slower(study, times);
  });
}

export interface Unreachable {
  readonly measure: BudgetMeasure;
  readonly wanted: string;
  readonly smallest: string;
  readonly share: number;
}

/** Shares are rounded up to so many parts, or the advice could not be met. */
const PARTS = 1000;

export function unreachable({ grain, ignore, methods }: DecomposeSettings, { measure, wanted, smallest, share }: Unreachable): EngineError {
  return new EngineError('decomposeTargetUnreachable', {
    measure: `option.${measure}`, wanted, smallest, share: Math.ceil(share * PARTS) / PARTS, grain: grain.size,
    ask: share < 1 ? 'problem.letGo.ask' : 'problem.letGo.nothing',
    narrower: grain.size > 1 ? 'problem.letGo.rankGrain' : '',
    methods: methods.length === 1 ? 'problem.letGo.methods' : '',
    fewer: ignore.length > 0 ? 'problem.letGo.ignored' : '',
  });
}
