// Which form each layer gets: the least loss within a budget, or what a rule says, and only factors that are faster than the
// layer they stand for, as far as that can be measured.

import type { PassContext } from '../../pass';
import { chainClock } from '../measure/chainTimes';
import { byCount } from './counted';
import { byRules } from './rules';
import type { Choosing, ChoosingTask } from './shared';
import { byTime } from './timed';

export type { Choosing, ChoosingTask, Decided, Left } from './shared';

/** @throws EngineError `decomposeTargetUnreachable`, `nothingToDecompose`, `latencyUnknown`, `invalidOption` for a target that is met already. */
export async function chooseForms(task: ChoosingTask, context: PassContext): Promise<Choosing> {
  const { settings: { goal } } = task;
  if (goal.kind === 'budget' && goal.target.measure === 'latency') return byTime(task, context);
  const clock = task.settings.timed && context.runtime.latencies !== undefined ? await chainClock(task.model, context) : undefined;
  return goal.kind === 'rule' ? byRules(task, goal.rule, clock, context) : byCount(task, { ...goal.target, measure: goal.target.measure === 'parameters' ? 'parameters' : 'macs' }, clock, context);
}
