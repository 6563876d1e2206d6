// Which heads and neurons go in a round: each kind is counted by itself, since a head is worth many neurons.

import type { Finding } from '../../../../protocol/report';
import type { ChoiceTask, PruningPlan } from '../rounds';
import { coarsestFit, finestOf, type Fit, grainFindings, grainsOf } from '../selection/grains';
import { allThatMayGo, choicesOf, keptUnits, orderOf, type Ranking, smallestChoice, type Widths } from '../selection/order';
import { unreachable } from '../selection/unreachable';
import type { ChosenUnits } from '../surgery/index';
import { type HeadsSettings, refusal, type UnitKind, unitKinds } from './options';

/** Products of shares carry roundings; what is above a whole number by less is that number. */
const ROUNDING = 1e-9;

/** Units of a kind in one round. */
interface KindTask {
  readonly kind: UnitKind;
  /** Below 1 the fraction of all, else the number in every layer. */
  readonly amount: number;
  readonly rankings: readonly Ranking[];
  /** Groups that the criterion says nothing about, of any kind. */
  readonly unranked: number;
  /** Asked for by name: less than that is an error. Else what may go goes. */
  readonly named: boolean;
  /** Of the way from all units to those that stay, after this round: 1 in the last. */
  readonly progress: number;
}

/**
 * Rounds take the same share of what is there, so that the last ones are no harder than the first.
 *
 * @param kinds of the groups that may be pruned, by id.
 * @throws EngineError (the choice) `invalidOption` where all would stay, `pruneTargetUnreachable` where too many have to.
 */
export function chooser(settings: HeadsSettings, kinds: ReadonlyMap<string, UnitKind>): Required<Pick<PruningPlan, 'choose' | 'findings'>> {
  const { kept, rounds, named } = settings;
  let told: readonly Finding[] = [];
  const tasksOf = ({ rankings, unranked, round }: ChoiceTask): readonly KindTask[] => unitKinds.flatMap((kind) => {
    const [amount, own] = [kept[kind], rankings.filter(({ group }) => kinds.get(group.id) === kind)];
    return amount === undefined || own.length === 0 ? [] : [{ kind, amount, rankings: own, unranked, named: named.includes(kind), progress: (round + 1) / rounds }];
  });
  return {
    choose(task) {
      const tasks = tasksOf(task);
      if (task.round === 0) {
        refuseUntouched(task, kinds, tasks, settings);
        refuseUnreachable(tasks, settings);
      }
      const choices = tasks.map((own) => choiceOf(own, settings));
      told = choices.flatMap(({ widths }) => grainFindings(widths));
      return Promise.resolve(new Map(choices.flatMap(({ chosen }) => [...chosen])));
    },
    findings: () => told,
  };
}

/** A kind of which no group may be pruned: all are ignored, hold one unit, or the criterion says nothing about them. */
function refuseUntouched({ unranked }: ChoiceTask, kinds: ReadonlyMap<string, UnitKind>, tasks: readonly KindTask[], { named, kept, ...settings }: HeadsSettings): void {
  for (const kind of new Set(kinds.values())) {
    const amount = kept[kind];
    if (amount === undefined || tasks.some((task) => task.kind === kind) || (tasks.length > 0 && !named.includes(kind))) continue;
    const all = [...kinds].reduce((sum, [id, own]) => sum + (own === kind ? settings.widths.sizes?.get(id) ?? 0 : 0), 0);
    throw unreachable({ measure: `option.${kind}`, wanted: amount < 1 ? Math.ceil(amount * all - ROUNDING) : amount, smallest: all, share: 1, unranked, widths: { grain: 1, minimum: 1 } }, settings);
  }
}

/** What the last round would leave is known before the first: nothing is trained for a target that cannot be. */
function refuseUnreachable(tasks: readonly KindTask[], settings: HeadsSettings): void {
  const goes = (task: KindTask): boolean => unitsIn(choiceOf({ ...task, progress: 1 }, settings).chosen) > 0;
  const staying = tasks.filter((task) => !goes(task));
  const nothingGoes = staying.length === tasks.length;
  for (const task of staying) {
    const { kind, amount, rankings, named } = task;
    if ((named || nothingGoes) && !goes({ ...task, named: true })) {
      throw refusal(kind, 'problem.keepsAll', 'allowed.smallerShare', { found: amount, high: Math.max(...rankings.map(({ group }) => group.size)) });
    }
  }
}

interface Choice {
  readonly chosen: ChosenUnits;
  readonly widths: Widths;
}

function choiceOf(task: KindTask, settings: HeadsSettings): Choice {
  return task.amount < 1 && settings.global ? acrossLayers(task, settings) : inEachLayer(task, settings.widths);
}

/** The least important of all layers together, so that at most the fraction is left. */
function acrossLayers(task: KindTask, settings: HeadsSettings): Choice {
  const { kind, rankings, unranked } = task;
  const groups = rankings.map(({ group }) => group);
  const now = groups.reduce((sum, { size }) => sum + size, 0);
  const left = (chosen: ChosenUnits): number => now - unitsIn(chosen);
  const total = groups.reduce((sum, group) => sum + sizeBefore(group, settings.widths), 0);
  const most = wantedOf(task, total);
  const fit = coarsestFit(grainsOf(groups, settings.widths), most, (widths): Fit | undefined => {
    const choices = choicesOf(rankings, widths, true);
    const taken = smallestChoice(choices, (count) => left(choices.choose(count)), most);
    if (taken === undefined) return undefined;
    const chosen = choices.choose(taken);
    return { chosen, cost: left(chosen) };
  });
  if (fit !== undefined) return fit;
  const widths = finestOf(groups, settings.widths);
  const chosen = allThatMayGo(rankings, widths);
  if (!task.named) return { chosen, widths };
  const smallest = left(chosen);
  throw unreachable({ measure: `option.${kind}`, wanted: most, smallest, share: smallest / total, unranked, widths: kind === 'heads' ? { grain: 1, minimum: 1 } : widths }, settings);
}

/** As many in every layer as asked for, or the next multiple of the grain above. */
function inEachLayer(task: KindTask, usual: Widths): Choice {
  const wanted = ({ group }: Ranking): number => wantedOf(task, sizeBefore(group, usual));
  const choose = (widths: Widths): Choice => ({
    widths, chosen: new Map(task.rankings.map((ranking) => [ranking.group.id, orderOf(ranking).slice(0, ranking.group.size - keptUnits(ranking.group, wanted(ranking), widths))])),
  });
  // A finer grain where a layer would keep all that it could lose some of.
  const grains = grainsOf(task.rankings.map(({ group }) => group), usual);
  const keepsAll = ({ chosen }: Choice): boolean => task.rankings.some((ranking) => wanted(ranking) < ranking.group.size && [...(chosen.get(ranking.group.id) ?? [])].length === 0);
  return grains.map(choose).find((choice) => !keepsAll(choice)) ?? choose(usual);
}

/** Units of a group before the first round. */
function sizeBefore({ id, size }: Ranking['group'], { sizes }: Widths): number {
  return sizes?.get(id) ?? size;
}

/** Units that may stay of `size`, the size before the first round: whole, and never fewer than asked for. */
function wantedOf({ amount, progress }: KindTask, size: number): number {
  const last = amount < 1 ? amount * size : Math.min(amount, size);
  return Math.ceil(size * (last / size) ** progress - ROUNDING);
}

function unitsIn(chosen: ChosenUnits): number {
  return [...chosen.values()].reduce((sum, units) => sum + [...units].length, 0);
}
