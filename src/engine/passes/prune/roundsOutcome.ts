// What comes out of several rounds of pruning: the model of the last one, forms and curves over all of them, and findings.

import type { Finding, ImportanceCurve } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import type { Origins, PassOutcome } from '../pass';
import type { Model } from '../../ir/model';
import type { CriterionName } from './criteria/names';
import { mendingFindings, removalFinding, unrankedFindings } from './outcome';
import type { Mended } from './recovery/mend';
import type { Costs } from '../costs';
import { formsOf, type LayerWidths, mergeWidths, noWidths } from './widths';

/** What one round left. */
export interface Round {
  readonly model: Model;
  readonly origins: Origins;
  readonly widths: LayerWidths;
  /** By group. */
  readonly curves: ReadonlyMap<string, ImportanceCurve>;
  readonly removed: number;
  readonly total: number;
  readonly groups: number;
  readonly unranked: number;
  readonly mended: Mended;
  readonly locked: readonly Finding[];
  readonly after: Costs;
  readonly recovery: PassOutcome | undefined;
}

export interface RoundsTask {
  readonly criterion: CriterionName;
  readonly before: Costs;
  readonly hasNorms: boolean;
  readonly slimmed: PassOutcome | undefined;
  /** Weights with zeros that read fewer inputs now. */
  readonly narrowed: number;
  /** Of the plan itself. */
  readonly findings: readonly Finding[];
}

/** @param origins of the model before the first round. */
export function outcomeOf(rounds: readonly Round[], { criterion, before, hasNorms, slimmed, narrowed, findings }: RoundsTask, origins: Origins): PassOutcome {
  const [first, last] = [rounds[0], rounds.at(-1)];
  if (first === undefined || last === undefined) throw new Error('pruning without a round');
  const widths = rounds.reduce((merged, round) => mergeWidths(merged, round.widths), noWidths);
  const training = last.recovery?.training ?? slimmed?.training;
  return {
    model: last.model, origins: last.origins,
    forms: new Map([...(slimmed?.forms ?? []), ...(last.recovery?.forms ?? []), ...formsOf(widths, origins)]),
    findings: [
      removalFinding({ criterion, removed: rounds.reduce((sum, { removed }) => sum + removed, 0), total: first.total, groups: first.groups, before, after: last.after }),
      ...findings,
      ...slimmed?.findings ?? [],
      ...mendingFindings(last.mended, hasNorms),
      ...narrowed === 0 ? [] : [{ severity: 'warning', ...said('finding.patternBroken', { count: narrowed }) } as const],
      ...unrankedFindings(first.unranked, criterion),
      ...last.locked,
      ...rounds.flatMap(({ recovery }) => recovery?.findings ?? []),
    ],
    importance: curvesOver(rounds),
    ...(training !== undefined && { training }),
  };
}

/** As ranked in the first round, with what the last one left; groups too small to be judged again have no curve in it. */
function curvesOver(rounds: readonly Round[]): ImportanceCurve[] {
  return [...rounds[0]?.curves ?? []].map(([group, curve]) => ({
    ...curve, kept: rounds.reduce((kept, { curves }) => curves.get(group)?.kept ?? kept, curve.kept), ...(rounds.length > 1 && { steps: rounds.length }),
  }));
}
