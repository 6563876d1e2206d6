// `decant compress`: the one command whose job keeps a folder, so that it can be resumed.

import path from 'node:path';
import { createJobFolder, defaultJobsRoot, readResumable } from '../jobs/jobFolder';
import { JobError, type JobRequest } from '../protocol/jobs';
import type { CompressReport } from '../protocol/report';
import { absolute, type CompressFlags, dataOptions, defined, runOptions } from './flags';
import { chooseModel, chooseRecipe } from './recipe';
import { runJob } from './runJob';
import { createLook } from './terminal';
import { UsageProblem } from './usage';

/** Rejects with JobError; when cancelled it first says how to go on. */
export async function compress(model: string | undefined, flags: CompressFlags): Promise<CompressReport> {
  const resume = flags.resume !== undefined;
  const request = resume ? resumed(model, flags, flags.resume) : requested(model, flags);
  const folder = resume ? path.resolve(flags.resume) : createJobFolder(defaultJobsRoot(), 'compress', request);
  try {
    return await runJob('compress', request, { quiet: flags.quiet ?? false, folder, resume });
  } catch (error) {
    if (error instanceof JobError && error.data.code === 'cancelled') {
      const command = ['decant', 'compress', model ?? request.model, '--resume', folder].map(quoted).join(' ');
      process.stderr.write(`${createLook(process.stderr).say('command.resume', { command })}\n`);
    }
    throw error;
  }
}

function requested(model: string | undefined, flags: CompressFlags): JobRequest<'compress'> {
  const recipe = chooseRecipe(flags.recipe, flags.pass);
  return {
    ...runOptions(flags),
    ...dataOptions(flags),
    ...defined({ data: absolute(flags.data), recipeFile: absolute(flags.recipe), output: absolute(flags.output), report: absolute(flags.report), seed: flags.seed }),
    model: path.resolve(chooseModel(model, recipe, flags.recipe)),
    recipe,
  };
}

function resumed(model: string | undefined, flags: CompressFlags, folder: string): JobRequest<'compress'> {
  const request = readResumable(folder, 'compress');
  const otherModel = model !== undefined && path.resolve(model) !== request.model;
  if (otherModel || flags.recipe !== undefined || flags.pass !== undefined) throw new UsageProblem('usage.resumeAlone');
  return request;
}

/** As a shell takes it, where a path holds more than plain characters. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word)) return word;
  return process.platform === 'win32' ? `"${word}"` : `'${word.replace(/'/g, `'\\''`)}'`;
}
