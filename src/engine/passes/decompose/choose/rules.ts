// The ranks that a rule gives, layer by layer: of the methods that are faster than the layer, the one that suits the rule best.

import type { PassContext } from '../../pass';
import type { ChainClock } from '../measure/chainTimes';
import type { RankRule } from '../options';
import { bestByRule } from '../ranks/rules';
import { type Choosing, type ChoosingTask, type Decided, type Form, isSlower, type Left, slower, timesOf, without } from './shared';

/** Candidates are one for each method. Methods slower than the layer are dropped before the rule chooses among them. */
export async function byRules({ studies }: ChoosingTask, rule: RankRule, clock: ChainClock | undefined, context: PassContext): Promise<Choosing> {
  const [decided, left]: [Decided[], Left[]] = [[], []];
  const forms = studies.flatMap((study): Form[] => study.candidates.map((candidate) => ({ study, candidate })));
  const times = await timesOf(forms, clock, context);
  const timed = new Map(forms.map(({ candidate }, index) => [candidate, times[index]]));
  for (const study of studies) {
    const { candidates } = study;
    const candidate = bestByRule(candidates.filter((one) => !isSlower(timed.get(one))), rule);
    if (candidate !== undefined) {
      decided.push({ study, candidate, times: timed.get(candidate) });
      continue;
    }
    // All are slower: told is what the rule would have taken.
    const best = bestByRule(candidates, rule);
    const own = best === undefined ? undefined : timed.get(best);
    left.push(own === undefined ? without(study) : slower(study, own));
  }
  return { decided, left, findings: [] };
}
