// Validation of a recipe before anything runs: unknown keys, wrong types and impossible values are refused with their
// place; defaults are filled in. Reads no files: the caller brings the text.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { OptionSchema } from '../../protocol/passes';
import type { RecipeDocument, RecipePass } from '../../protocol/recipe';
import { quoted } from '../data/schemaCheck';
import { EngineError, errorMessage } from '../error';
import type { Pass } from './pass';
import { plannedPasses } from './planned';
import { describeProblem, join, notAllowed, type Problem } from './recipeProblems';
import { recipeEnvelope } from './recipeSchema';
import { findPass, optionsSchema, passIds } from './registry';

/** Where a recipe came from: a file, or `--pass` of the command and the editor's form. */
export type RecipeSource = { readonly file: string } | 'command';

export interface ValidPass {
  readonly pass: Pass;
  /** With all defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ValidRecipe {
  readonly document: RecipeDocument;
  readonly passes: readonly ValidPass[];
}

/** Parses and validates the text of a recipe file. */
export function parseRecipe(text: string, file: string): ValidRecipe {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new EngineError('invalidRecipe', {
      file, path: '(root)', problem: 'problem.notJson', reason: errorMessage(error), allowed: 'kind.object',
    });
  }
  return validateRecipe(document, { file });
}

/**
 * Throws `invalidRecipe` (from a file) or `invalidOption` (from the command), `unknownPass`, `passNotReady` or
 * `optionNotReady`. The `document` of the result has the defaults of every pass filled in.
 */
export function validateRecipe(document: unknown, source: RecipeSource): ValidRecipe {
  // The validator fills in defaults in place; the caller's value stays as it was.
  const copy: unknown = structuredClone(document);
  const errors = check(envelope, copy);
  if (errors !== undefined) throw refusal(describeProblem(errors), source, '');
  const recipe = copy as RecipeDocument;
  const valid = recipe.passes.map((entry, index) => validatePass(entry, index, source));
  return {
    document: { ...recipe, passes: valid.map(({ pass, options }): RecipePass => ({ pass: pass.id, ...options })) },
    passes: valid,
  };
}

/** Options of one pass with defaults; the way `PassContext.apply` and tests check what they hand over. */
export function validateOptions(pass: Pass, options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return validatePass({ ...options, pass: pass.id }, 0, 'command').options;
}

function validatePass(entry: RecipePass, index: number, source: RecipeSource): ValidPass {
  const place = `passes[${index}]`;
  const { pass: id, ...options } = structuredClone(entry);
  if (source !== 'command' && !passIds.includes(id) && !plannedPasses.includes(id)) {
    const params = { ...notAllowed(id, passIds), allowed: passIds.join(', ') };
    throw refusal({ path: `${place}.pass`, params }, source, id);
  }
  const pass = findPass(id);
  const schema = optionsSchema(pass);
  const errors = check(compiled(pass), options);
  if (errors !== undefined) {
    const problem = describeProblem(errors);
    throw refusal(source === 'command' ? listsOnCommand(problem) : { ...problem, path: join(place, problem.path) }, source, id);
  }
  refuseUnready(schema, options, source === 'command' ? '' : place, id);
  refuseContradictions(pass, options, source, place);
  return { pass, options };
}

/** How `--pass` writes a list, and that it has no way to write one of objects. */
function listsOnCommand(problem: Problem): Problem {
  return problem.params['allowed'] === 'kind.array' ? { ...problem, params: { ...problem.params, allowed: 'allowed.listInRecipe' } } : problem;
}

function refuseContradictions(pass: Pass, options: Readonly<Record<string, unknown>>, source: RecipeSource, place: string): void {
  try {
    pass.check?.(options);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'invalidOption' || source === 'command') throw error;
    throw refusal({ path: join(place, String(error.params['path'])), params: error.params }, source, pass.id);
  }
}

function refuseUnready(schema: OptionSchema, value: unknown, path: string, pass: string): void {
  if (schema.planned === true) throw new EngineError('optionNotReady', { path, value: quoted(value), pass, allowed: 'allowed.leftOut' });
  if (schema.notReady?.includes(value as string)) {
    const ready = schema.enum?.filter((allowed) => !schema.notReady?.includes(allowed)) ?? [!(value as boolean)];
    throw new EngineError('optionNotReady', { path, value: String(value), pass, allowed: ready.join(', ') });
  }
  for (const [name, option] of Object.entries(schema.properties ?? {})) {
    const inner = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (inner !== undefined) refuseUnready(option, inner, join(path, name), pass);
  }
  if (schema.items !== undefined && Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseUnready(schema.items, item, `${path}[${index}]`, pass);
  }
}

function refusal(problem: Problem, source: RecipeSource, pass: string): EngineError {
  const path = problem.path === '' ? '(root)' : problem.path;
  return source === 'command'
    ? new EngineError('invalidOption', { ...problem.params, path, pass: pass === '' ? 'recipe' : pass })
    : new EngineError('invalidRecipe', { ...problem.params, path, file: source.file });
}

// ── the validator ────────────────────────────────────────────────────────────────────────────────────────────────

const ajv = new Ajv({ useDefaults: true, verbose: true, allowUnionTypes: true, strictRequired: false });
ajv.addVocabulary(['notReady', 'planned', 'advanced', 'alternative']);

const envelope = ajv.compile(recipeEnvelope);
const validators = new Map<string, ValidateFunction>();

function compiled(pass: Pass): ValidateFunction {
  const known = validators.get(pass.id) ?? ajv.compile(optionsSchema(pass));
  validators.set(pass.id, known);
  return known;
}

/** Errors, or undefined when the value is valid; fills in defaults in place. */
function check(validate: ValidateFunction, value: unknown): readonly ErrorObject[] | undefined {
  return validate(value) ? undefined : (validate.errors ?? []);
}
