// Which heads and neurons go in a round: each kind is counted by itself, since a head is worth many neurons.

import { EngineError } from '../../../error';
import type { ChoiceTask, PruningPlan } from '../rounds';
import { choicesOf, keptUnits, orderOf, type Ranking, smallestChoice, type Widths } from '../selection/order';
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
  /** Units before the first round by group id. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Of the way from all units to those that stay, after this round: 1 in the last. */
  readonly progress: number;
}

/**
 * Rounds take the same share of what is there, so that the last ones are no harder than the first.
 *
 * @param kinds of the groups that may be pruned, by id.
 * @throws EngineError (the choice) `invalidOption` where all would stay, `pruneTargetUnreachable` where too many have to.
 */
export function chooser(settings: HeadsSettings, kinds: ReadonlyMap<string, UnitKind>): PruningPlan['choose'] {
  const sizes = new Map<string, number>();
  const { kept, widths, global, rounds } = settings;
  return ({ rankings, round }: ChoiceTask) => {
    for (const { group: { id, size } } of rankings) if (!sizes.has(id)) sizes.set(id, size);
    const chosen = unitKinds.flatMap((kind) => {
      const [amount, own] = [kept[kind], rankings.filter(({ group }) => kinds.get(group.id) === kind)];
      if (amount === undefined || own.length === 0) return [];
      const task: KindTask = { kind, amount, rankings: own, sizes, progress: (round + 1) / rounds };
      const choose = amount < 1 && global ? acrossLayers : inEachLayer;
      // What the last round would leave is known before the first: nothing is trained for a target that cannot be.
      if (round === 0 && unitsIn(choose({ ...task, progress: 1 }, widths)) === 0) {
        throw refusal(kind, 'problem.keepsAll', 'allowed.smallerShare', { found: amount, high: Math.max(...own.map(({ group }) => group.size)) });
      }
      return [...choose(task, widths)];
    });
    return Promise.resolve(new Map(chosen));
  };
}

/** The least important of all layers together, so that at most the fraction is left. */
function acrossLayers(task: KindTask, widths: Widths): ChosenUnits {
  const { kind, rankings } = task;
  const choices = choicesOf(rankings, widths, true);
  const total = rankings.reduce((sum, { group: { id, size } }) => sum + (task.sizes.get(id) ?? size), 0);
  const now = rankings.reduce((sum, { group }) => sum + group.size, 0);
  const left = (taken: number): number => now - unitsIn(choices.choose(taken));
  const most = wantedOf(task, total);
  const taken = smallestChoice(choices, left, most);
  if (taken !== undefined) return choices.choose(taken);
  const smallest = left(choices.count);
  throw new EngineError('pruneTargetUnreachable', { measure: `option.${kind}`, wanted: most, smallest, share: Math.ceil((smallest / total) * 1000) / 1000, ...widths });
}

function inEachLayer(task: KindTask, widths: Widths): ChosenUnits {
  return new Map(task.rankings.map((ranking) => {
    const { group } = ranking;
    return [group.id, orderOf(ranking).slice(0, group.size - keptUnits(group, wantedOf(task, task.sizes.get(group.id) ?? group.size), widths))];
  }));
}

/** Units that may stay of `size`, the size before the first round: whole, and never fewer than asked for. */
function wantedOf({ amount, progress }: KindTask, size: number): number {
  const last = amount < 1 ? amount * size : Math.min(amount, size);
  return Math.ceil(size * (last / size) ** progress - ROUNDING);
}

function unitsIn(chosen: ChosenUnits): number {
  return [...chosen.values()].reduce((sum, units) => sum + [...units].length, 0);
}
