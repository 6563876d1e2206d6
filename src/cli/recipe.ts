// The recipe of a `compress`: from a file or from --pass. Only its outline is looked at; the job validates it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { errorText, type ErrorData } from '../protocol/errors';
import { JobError } from '../protocol/jobs';
import type { RecipeDocument, RecipePass } from '../protocol/recipe';
import { UsageProblem } from './usage';

/** Throws UsageProblem, or JobError where the file cannot be read as a recipe. */
export function chooseRecipe(file: string | undefined, passes: readonly RecipePass[] | undefined): RecipeDocument {
  if (file !== undefined && passes !== undefined) throw new UsageProblem('usage.recipeAndPass');
  if (file !== undefined) return readRecipe(file);
  if (passes === undefined) throw new UsageProblem('usage.nothingToDo');
  return { version: 1, passes };
}

/** MODEL of the command line, or the recipe's own, which is relative to its file. */
export function chooseModel(model: string | undefined, recipe: RecipeDocument, file: string | undefined): string {
  if (model !== undefined) return model;
  if (typeof recipe.model === 'string' && file !== undefined) return path.resolve(path.dirname(file), recipe.model);
  throw new UsageProblem('usage.missingArgument', { name: 'MODEL' });
}

function readRecipe(file: string): RecipeDocument {
  const value = parse(file, read(file));
  if (typeof value !== 'object' || value === null || !('passes' in value) || !Array.isArray(value.passes)) {
    throw jobError({ code: 'invalidRecipe', params: { file, path: '/', problem: 'usage.notRecipe', allowed: 'usage.recipeShape' } });
  }
  return value as RecipeDocument;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw jobError(code === 'ENOENT' ? { code: 'fileNotFound', params: { file } } : { code: 'fileUnreadable', params: { file, reason: message } });
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw jobError({ code: 'invalidRecipe', params: { file, path: '/', problem, allowed: 'usage.json' } });
  }
}

function jobError(data: ErrorData): JobError {
  return new JobError(data, errorText(data));
}
