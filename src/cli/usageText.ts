// Commander's complaints as our own texts, in the person's language.

import type { CommanderError } from 'commander';
import type { ErrorData } from '../protocol/errors';
import type { TextCode, TextParams } from '../protocol/text/index';
import { COMMANDS } from './program';
import { UsageProblem } from './usage';

/** Wrong usage as data; `args` tell which command's help to point at. */
export function usageError(error: CommanderError | UsageProblem, args: readonly string[]): ErrorData {
  const [problem, params] = error instanceof UsageProblem ? [error.problem, error.params] as const : explain(error);
  const name = args.find((argument) => (COMMANDS as readonly string[]).includes(argument));
  return { code: 'usage', params: { ...params, problem, command: name === undefined ? 'decant' : `decant ${name}` } };
}

function explain(error: CommanderError): readonly [TextCode, TextParams] {
  // Commander puts the name in quotes and a suggestion after it: error: unknown option '--jso'\n(Did you mean --json?)
  const name = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const near = /\(Did you mean (?:one of )?(.*)\?\)/s.exec(error.message)?.[1];
  switch (error.code) {
    case 'commander.missingArgument':
      return ['usage.missingArgument', { name }];
    case 'commander.unknownOption':
      return near === undefined ? ['usage.unknownOption', { name }] : ['usage.didYouMean', { name, near }];
    case 'commander.unknownCommand':
      return near === undefined ? ['usage.unknownCommand', { name }] : ['usage.didYouMean', { name, near }];
    case 'commander.excessArguments':
      return ['usage.excessArguments', {}];
    case 'commander.optionMissingArgument':
      return ['usage.optionMissingArgument', { name }];
    case 'commander.missingMandatoryOptionValue':
      return ['usage.missingOption', { name }];
    default:
      return ['usage.missingCommand', {}];
  }
}
