// What each command does: a request to the background process, and its result on standard output.

import { errorText, type ErrorData } from '../protocol/errors';
import { JobError } from '../protocol/jobs';
import { compress } from './compress';
import { type CommonFlags, dataOptions, defined, runOptions } from './flags';
import { checkGoals, goalMissed, type Goal } from './goals';
import type { Actions } from './program';
import { renderCompare } from './render/compare';
import { renderEvaluate } from './render/evaluate';
import { renderInspect } from './render/inspect';
import { renderProfile } from './render/profile';
import { renderProviders } from './render/providers';
import { shortestPath } from './paths';
import { runJob } from './runJob';
import type { Look } from './terminal';
import { UsageProblem } from './usage';

/** Lines for people on `look`; `fail` prints an error. */
export function createActions(look: Look, fail: (error: ErrorData) => void): Actions {
  /** The document itself with --json, else lines for people. */
  function print<T>(flags: CommonFlags, document: T, render: (document: T, look: Look) => readonly string[]): void {
    const text = flags.json === true ? JSON.stringify(document, undefined, 2) : render(document, look).join('\n');
    process.stdout.write(`${text}\n`);
  }

  const quiet = (flags: CommonFlags): { readonly quiet: boolean } => ({ quiet: flags.quiet ?? false });

  /** Exit status 1, and a line for every goal that was missed. */
  function judge(goals: readonly Goal[]): number {
    const missed = goals.filter(({ met }) => !met);
    for (const goal of missed) fail(goalMissed(goal));
    return missed.length === 0 ? 0 : 1;
  }

  return {
    async inspect(model, flags) {
      if (flags.text === true) {
        print(flags, await runJob('text', { model }, quiet(flags)), ({ text }) => [text.trimEnd()]);
        return 0;
      }
      print(flags, await runJob('inspect', { ...runOptions(flags), model }, quiet(flags)), renderInspect);
      return 0;
    },

    async profile(model, flags) {
      const request = { ...runOptions(flags), ...defined({ batch: flags.batch, runs: flags.runs }), model };
      print(flags, await runJob('profile', request, quiet(flags)), renderProfile);
      return 0;
    },

    async evaluate(model, flags) {
      const request = { ...runOptions(flags), ...dataOptions(flags), ...defined({ baseline: flags.baseline }), model };
      print(flags, await runJob('evaluate', request, quiet(flags)), renderEvaluate);
      return 0;
    },

    recommend() {
      return Promise.reject(jobError({ code: 'notReady', params: { what: 'decant recommend' } }));
    },

    async compress(model, flags) {
      const report = await compress(model, flags);
      print(flags, report, () => [look.say('command.wrote', { file: shortestPath(report.output) }), '', ...renderCompare(report, look)]);
      return judge(checkGoals(report, report.recipe.constraints ?? {}));
    },

    async compare(before, after, flags) {
      const request = { ...runOptions(flags), ...dataOptions(flags), before, after };
      print(flags, await runJob('compare', request, quiet(flags)), renderCompare);
      return 0;
    },

    async check(model, flags) {
      const { maxDrop, maxBytes, maxLatencyRatio } = flags;
      const limits = defined({ maxDrop, maxBytes, maxLatencyRatio });
      if (Object.keys(limits).length === 0) throw new UsageProblem('usage.noGoal');
      if (maxDrop !== undefined && flags.data === undefined) throw jobError({ code: 'dataNeeded', params: { what: '--max-drop' } });
      const report = await runJob('compare', { ...runOptions(flags), ...dataOptions(flags), before: flags.baseline, after: model }, quiet(flags));
      const goals = checkGoals(report, limits);
      const status = judge(goals);
      print(flags, { version: 1, passed: status === 0, goals, compare: report }, () => [
        ...renderCompare(report, look),
        ...(status === 0 ? ['', look.style('green', look.say('command.checkPassed'))] : []),
      ]);
      return status;
    },

    async providers(flags) {
      print(flags, await runJob('providers', {}, quiet(flags)), renderProviders);
      return 0;
    },
  };
}

function jobError(data: ErrorData): JobError {
  return new JobError(data, errorText(data));
}
