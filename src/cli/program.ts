// The grammar of the command: what can be written, how help reads. What is done, `Actions` say.

import { Command, Option } from 'commander';
import stringWidth from 'string-width';
import { isTextCode, type TextCode } from '../protocol/text/index';
import type { CheckFlags, CommonFlags, CompareFlags, CompressFlags, EvaluateFlags, InspectFlags, ProfileFlags } from './flags';
import { parsePass } from './passArgument';
import type { Look } from './terminal';
import { addDimension, integer, MAX_SEED, number } from './usage';

/** One function a command; each resolves with the exit status. */
export interface Actions {
  inspect(model: string, flags: InspectFlags): Promise<number>;
  profile(model: string, flags: ProfileFlags): Promise<number>;
  evaluate(model: string, flags: EvaluateFlags): Promise<number>;
  recommend(model: string, flags: CommonFlags): Promise<number>;
  compress(model: string | undefined, flags: CompressFlags): Promise<number>;
  compare(before: string, after: string, flags: CompareFlags): Promise<number>;
  check(model: string, flags: CheckFlags): Promise<number>;
  providers(flags: CommonFlags): Promise<number>;
}

export const COMMANDS = ['inspect', 'profile', 'evaluate', 'recommend', 'compress', 'compare', 'check', 'providers'] as const satisfies readonly (keyof Actions)[];

/** Lines to copy, at the end of each command's help. */
const EXAMPLES: Readonly<Record<keyof Actions, readonly string[]>> = {
  inspect: ['decant inspect model.onnx', 'decant inspect model.onnx --dim batch=8 --json', 'decant inspect model.onnx --text > model.onnxtxt'],
  profile: ['decant profile model.onnx --threads 1 --runs 200'],
  evaluate: ['decant evaluate model.onnx --data data.json', 'decant evaluate model.int8.onnx --baseline model.onnx --data data.json'],
  recommend: ['decant recommend model.onnx --data data.json --max-drop 0.01 -o recipes'],
  compress: [
    'decant compress model.onnx --pass quantize.static --data data.json',
    'decant compress model.onnx --recipe recipe.json -o small.onnx --report small.json',
  ],
  compare: ['decant compare model.onnx model.int8.onnx --data data.json'],
  check: ['decant check model.int8.onnx --baseline model.onnx --data data.json --max-drop 0.01 --max-latency-ratio 0.8'],
  providers: ['decant providers --json'],
};

/** The parser; it throws CommanderError or UsageProblem for wrong usage and prints nothing but help. */
export function buildProgram(version: string, look: Look, actions: Actions, finish: (status: number) => void): Command {
  const program = new Command('decant');
  // Commands inherit these settings at the moment they are made, so they come first.
  program
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .configureHelp({
      displayWidth: (text) => stringWidth(text),
      styleTitle: (title) => (isTextCode(`help.${title}`) ? look.style('bold', look.say(`help.${title}` as TextCode)) : title),
    })
    .description(look.say('command.about'))
    .version(version, '-V, --version', look.say('help.version'))
    .helpOption('-h, --help', look.say('help.help'))
    .helpCommand(false)
    .addHelpText('after', () => `\n${look.say('help.exits')}`);

  const text = (code: TextCode): string => look.say(code);
  const option = (flags: string, code: TextCode): Option => new Option(flags, text(code));
  const whole = (flags: string, code: TextCode): Option => option(flags, code).argParser(integer(flags.split(' ')[0] ?? flags, 1));
  const real = (flags: string, code: TextCode): Option => option(flags, code).argParser(number(flags.split(' ')[0] ?? flags));

  function command(name: keyof Actions): Command {
    const made = program.command(name).description(text(`command.${name}`)).helpOption('-h, --help', text('help.help'));
    return made.addHelpText('after', () => ['', look.style('bold', text('help.examples')), ...EXAMPLES[name].map((line) => `  ${line}`)].join('\n'));
  }

  function common(made: Command): Command {
    return made
      .addOption(option('--provider <P>', 'help.provider'))
      .addOption(whole('--threads <N>', 'help.threads'))
      .addOption(option('--dim <name=SIZE>', 'help.dim').argParser(addDimension))
      .addOption(option('--split <NAME>', 'help.split'))
      .addOption(option('--quiet', 'help.quiet'))
      .addOption(option('--json', 'help.json'));
  }

  function measured(made: Command): Command {
    return made
      .addOption(option('--data <DATA>', 'help.data'))
      .addOption(option('--metric <M>', 'help.metric'))
      .addOption(whole('--limit <N>', 'help.limit'))
      .addOption(option('--trust-metric', 'help.trustMetric'));
  }

  common(command('inspect').argument('<MODEL>', text('help.MODEL'))
    .addOption(option('--text', 'help.text')))
    .action(async (model: string, flags: InspectFlags) => finish(await actions.inspect(model, flags)));

  common(command('profile').argument('<MODEL>', text('help.MODEL'))
    .addOption(whole('--batch <N>', 'help.batch')).addOption(whole('--runs <N>', 'help.runs')))
    .action(async (model: string, flags: ProfileFlags) => finish(await actions.profile(model, flags)));

  common(measured(command('evaluate').argument('<MODEL>', text('help.MODEL')))
    .addOption(option('--baseline <MODEL>', 'help.baseline')))
    .action(async (model: string, flags: EvaluateFlags) => finish(await actions.evaluate(model, flags)));

  common(measured(command('recommend').argument('<MODEL>', text('help.MODEL')))
    .addOption(option('--target <T>', 'help.target'))
    .addOption(real('--max-drop <D>', 'help.maxDrop'))
    .addOption(whole('--max-bytes <N>', 'help.maxBytes'))
    .addOption(real('--max-latency <MS>', 'help.maxLatency'))
    .addOption(real('--budget <MINUTES>', 'help.budget'))
    .addOption(option('-o, --output <DIR>', 'help.outputFolder')))
    .action(async (model: string, flags: CommonFlags) => finish(await actions.recommend(model, flags)));

  common(measured(command('compress').argument('[MODEL]', text('help.MODEL.compress')))
    .addOption(option('--recipe <FILE>', 'help.recipe'))
    .addOption(option('--pass <ID[:key=value,...]>', 'help.pass').argParser((value, before: readonly unknown[] = []) => [...before, parsePass(value)]))
    .addOption(option('-o, --output <OUT.onnx>', 'help.output'))
    .addOption(option('--report <FILE.json>', 'help.report'))
    .addOption(option('--seed <N>', 'help.seed').argParser(integer('--seed', 0, MAX_SEED)))
    .addOption(option('--resume <JOBDIR>', 'help.resume')))
    .action(async (model: string | undefined, flags: CompressFlags) => finish(await actions.compress(model, flags)));

  common(measured(command('compare').argument('<A>', text('help.A')).argument('<B>', text('help.B'))))
    .action(async (before: string, after: string, flags: CompareFlags) => finish(await actions.compare(before, after, flags)));

  common(measured(command('check').argument('<MODEL>', text('help.MODEL')))
    .addOption(option('--baseline <MODEL>', 'help.baseline').makeOptionMandatory())
    .addOption(real('--max-drop <D>', 'help.maxDrop'))
    .addOption(whole('--max-bytes <N>', 'help.maxBytes'))
    .addOption(real('--max-latency-ratio <R>', 'help.maxLatencyRatio')))
    .action(async (model: string, flags: CheckFlags) => finish(await actions.check(model, flags)));

  common(command('providers'))
    .action(async (flags: CommonFlags) => finish(await actions.providers(flags)));

  return program;
}
