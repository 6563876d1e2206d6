// Checks a JSON value against a TypeBox schema and says what is wrong, where, and what may stand there. Covers the part
// of JSON Schema that data descriptions use: objects, arrays, literals, unions, numbers, texts.

import { type Static, type TSchema, KindGuard } from '@sinclair/typebox';
import type { TextParams } from '../../protocol/text/index';

export interface SchemaProblem {
  /** Place in the value, e.g. `splits.train.take[1]`; '' is the value itself. */
  readonly path: string;
  /** `problem` and `allowed`, text codes or words, with the parameters of their texts. */
  readonly params: TextParams;
}

/** The first problem of `value`, or undefined when it fits the schema. */
export function schemaProblem(schema: TSchema, value: unknown, path = ''): SchemaProblem | undefined {
  if (KindGuard.IsUnion(schema)) return unionProblem(schema.anyOf, value, path);
  if (KindGuard.IsLiteral(schema)) return value === schema.const ? undefined : notAllowed(schema, value, path);
  if (KindGuard.IsObject(schema)) return objectProblem(schema.properties, schema.required ?? [], value, path);
  if (KindGuard.IsRecord(schema)) {
    if (!isObject(value)) return wrongType(schema, value, path);
    const item = Object.values(schema.patternProperties)[0];
    return firstOf(Object.entries(value), ([key, entry]) => (item === undefined ? undefined : schemaProblem(item, entry, joinPath(path, key))));
  }
  if (KindGuard.IsArray(schema) || KindGuard.IsTuple(schema)) return arrayProblem(schema, value, path);
  return scalarProblem(schema, value, path);
}

export function fits<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return schemaProblem(schema, value) === undefined;
}

export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** A value as written in JSON, cut where it is long; the quotes keep a user's word from being taken for a text code. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  const longest = 60;
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function objectProblem(properties: Record<string, TSchema>, required: readonly string[], value: unknown, path: string): SchemaProblem | undefined {
  if (!isObject(value)) return { path, params: { problem: 'problem.wrongType', found: quoted(value), wanted: 'kind.object', allowed: 'kind.object' } };
  const keys = Object.keys(properties).filter((key) => !key.startsWith('$')).join(', ');
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(properties, key));
  if (unknown !== undefined) {
    return { path: joinPath(path, unknown), params: { problem: 'problem.unknownKey', key: quoted(unknown), allowed: 'allowed.keys', keys } };
  }
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) {
    const schema = properties[missing];
    return {
      path: joinPath(path, missing),
      params: { problem: 'problem.missingKey', key: quoted(missing), allowed: schema === undefined ? 'kind.object' : allowedWords(schema) },
    };
  }
  return firstOf(Object.entries(value), ([key, entry]) => {
    const schema = properties[key];
    return schema === undefined ? undefined : schemaProblem(schema, entry, joinPath(path, key));
  });
}

function arrayProblem(schema: TSchema, value: unknown, path: string): SchemaProblem | undefined {
  if (!Array.isArray(value)) return wrongType(schema, value, path);
  const entries: readonly unknown[] = value;
  if (KindGuard.IsTuple(schema)) {
    if (entries.length !== schema.minItems) return notAllowed(schema, value, path);
    return firstOf(entries.entries(), ([index, entry]) => schemaProblem(schema.items?.[index] ?? {} as TSchema, entry, `${path}[${index}]`));
  }
  if (!KindGuard.IsArray(schema)) return undefined;
  if (entries.length < (schema.minItems ?? 0)) return { path, params: { problem: 'problem.empty', allowed: allowedWords(schema) } };
  return firstOf(entries.entries(), ([index, entry]) => schemaProblem(schema.items, entry, `${path}[${index}]`));
}

/** The branch that comes furthest tells most: an object fails inside itself, a word fails the whole union. */
function unionProblem(branches: readonly TSchema[], value: unknown, path: string): SchemaProblem | undefined {
  let deepest: SchemaProblem | undefined;
  for (const branch of branches) {
    const problem = schemaProblem(branch, value, path);
    if (problem === undefined) return undefined;
    if (problem.path.length > (deepest?.path.length ?? path.length)) deepest = problem;
  }
  if (deepest !== undefined) return deepest;
  const allowed = branches.map(allowedWords);
  // A union of words lists them; one of kinds cannot be a single text code, so the first kind stands for it.
  const words = allowed.every((word) => !word.includes('.')) ? allowed.join(', ') : (allowed[0] ?? '');
  return { path, params: { problem: 'problem.notAllowed', found: quoted(value), allowed: words } };
}

function scalarProblem(schema: TSchema, value: unknown, path: string): SchemaProblem | undefined {
  const number = KindGuard.IsNumber(schema) || KindGuard.IsInteger(schema);
  const right = number
    ? typeof value === 'number' && Number.isFinite(value) && (KindGuard.IsNumber(schema) || Number.isInteger(value))
    : typeof value === (schema as { readonly type?: string }).type;
  if (!right) return wrongType(schema, value, path);
  if (typeof value === 'string' && value.length < ((schema as { readonly minLength?: number }).minLength ?? 0)) {
    return { path, params: { problem: 'problem.empty', allowed: 'allowed.text' } };
  }
  if (!number || typeof value !== 'number') return undefined;
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
  if (value >= minimum && value <= maximum && value > exclusiveMinimum) return undefined;
  return { path, params: { problem: 'problem.outOfRange', found: quoted(value), ...rangeWords(minimum, exclusiveMinimum) } };
}

function rangeWords(minimum: number, exclusiveMinimum: number): TextParams {
  return Number.isFinite(minimum) ? { allowed: 'allowed.atLeast', low: minimum } : { allowed: 'allowed.above', low: exclusiveMinimum };
}

function wrongType(schema: TSchema, value: unknown, path: string): SchemaProblem {
  const kind = `kind.${(schema as { readonly type?: string }).type ?? 'object'}`;
  return { path, params: { problem: 'problem.wrongType', found: quoted(value), wanted: kind, allowed: allowedWords(schema) } };
}

function notAllowed(schema: TSchema, value: unknown, path: string): SchemaProblem {
  return { path, params: { problem: 'problem.notAllowed', found: quoted(value), allowed: allowedWords(schema) } };
}

/** What may stand where `schema` applies: its `description` (a text code), its words, or its kind. */
function allowedWords(schema: TSchema): string {
  if (schema.description !== undefined) return schema.description;
  if (KindGuard.IsLiteral(schema)) return String(schema.const);
  if (KindGuard.IsUnion(schema)) {
    const words = schema.anyOf.map(allowedWords);
    return words.every((word) => !word.includes('.')) ? words.join(', ') : (words[0] ?? '');
  }
  return `kind.${(schema as { readonly type?: string }).type ?? 'object'}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<T>(items: Iterable<T>, problemOf: (item: T) => SchemaProblem | undefined): SchemaProblem | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
