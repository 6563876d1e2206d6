// Turns what the schema validator found into words: the place in the recipe, the problem, and what is allowed there.
// `problem` and `allowed` are text codes wherever they are sentences, so that views can say them in either language.

import type { ErrorObject } from 'ajv';
import type { OptionSchema } from '../../protocol/passes';
import type { TextParams } from '../../protocol/text/index';
import { quoted } from '../data/schemaCheck';
import { nearest } from './nearest';

export interface Problem {
  /** Place in the validated value, e.g. `passes[1].samples`; '' is the value itself. */
  readonly path: string;
  /** `problem` and `allowed` with the parameters of their texts. */
  readonly params: TextParams;
}

/** The error that says most: a union reports its branches first and itself last. Inside the branch that was meant there is more to say. */
export function describeProblem(errors: readonly ErrorObject[]): Problem {
  const union = errors.find(({ keyword }) => keyword === 'anyOf');
  const error = errors.find(({ instancePath }) => union !== undefined && instancePath.startsWith(`${union.instancePath}/`)) ?? union ?? errors[0];
  if (error === undefined) return { path: '', params: { problem: 'problem.other', found: '', allowed: '' } };
  const place = pathOf(error.instancePath);
  const schema = (error.parentSchema ?? {}) as OptionSchema;
  const found = quoted(error.data);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(place, String(error.params['additionalProperty']), Object.keys(schema.properties ?? {}));
    case 'required': {
      const key = String(error.params['missingProperty']);
      return { path: join(place, key), params: { problem: 'problem.missingKey', key: quoted(key), ...allowedOf(schema.properties?.[key] ?? {}) } };
    }
    case 'type':
      return { path: place, params: { problem: 'problem.wrongType', found, wanted: `kind.${String(error.params['type'])}`, ...allowedOf(schema) } };
    case 'enum':
    case 'anyOf':
      return { path: place, params: { ...notAllowed(error.data, valuesOf(schema)), ...allowedOf(schema) } };
    case 'minItems':
    case 'minLength':
      return { path: place, params: { problem: 'problem.empty', allowed: error.keyword === 'minItems' ? 'allowed.passes' : 'allowed.text' } };
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { path: place, params: { problem: 'problem.outOfRange', found, ...allowedOf(schema) } };
    default:
      return { path: place, params: { problem: 'problem.other', found, ...allowedOf(schema) } };
  }
}

/** The problem of a word that is none of `values`. */
export function notAllowed(found: unknown, values: readonly unknown[]): TextParams {
  const near = typeof found === 'string' ? nearest(found, values.filter((value) => typeof value === 'string')) : undefined;
  return near === undefined
    ? { problem: 'problem.notAllowed', found: quoted(found) }
    : { problem: 'problem.notAllowedNear', found: quoted(found), near: quoted(near) };
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function unknownKey(place: string, key: string, keys: readonly string[]): Problem {
  const near = nearest(key, keys);
  const allowed = keys.length === 0 ? { allowed: 'allowed.noKeys' } : { allowed: 'allowed.keys', keys: keys.join(', ') };
  const problem = near === undefined
    ? { problem: 'problem.unknownKey', key: quoted(key) }
    : { problem: 'problem.unknownKeyNear', key: quoted(key), near: quoted(near) };
  return { path: join(place, key), params: { ...problem, ...allowed } };
}

/** What may stand where `schema` applies. */
function allowedOf(schema: OptionSchema): TextParams {
  const values = valuesOf(schema).filter((value) => !schema.notReady?.includes(value as string));
  if (values.length > 0) return { allowed: values.map(String).join(', ') };
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    return { allowed: 'allowed.between', low: schema.minimum, high: schema.maximum };
  }
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (exclusiveMinimum !== undefined && maximum !== undefined) return { allowed: 'allowed.aboveAtMost', low: exclusiveMinimum, high: maximum };
  if (minimum !== undefined && exclusiveMaximum !== undefined) return { allowed: 'allowed.atLeastBelow', low: minimum, high: exclusiveMaximum };
  if (exclusiveMinimum !== undefined && exclusiveMaximum !== undefined) return { allowed: 'allowed.inside', low: exclusiveMinimum, high: exclusiveMaximum };
  if (minimum !== undefined) return { allowed: 'allowed.atLeast', low: minimum };
  if (exclusiveMinimum !== undefined) return { allowed: 'allowed.above', low: exclusiveMinimum };
  if (schema.maximum !== undefined) return { allowed: 'allowed.atMost', high: schema.maximum };
  if (schema.properties !== undefined) return { allowed: 'allowed.keys', keys: Object.keys(schema.properties).join(', ') };
  return { allowed: `kind.${schema.type ?? 'string'}` };
}

function valuesOf(schema: OptionSchema): readonly unknown[] {
  if (schema.enum !== undefined) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  return schema.anyOf?.flatMap(branchValues) ?? [];
}

/** Objects as a recipe writes them; which values they take is said where one is wrong. */
function branchValues(branch: OptionSchema): readonly unknown[] {
  if (branch.type === 'boolean') return [true, false];
  return branch.required === undefined ? valuesOf(branch) : [`{ ${branch.required.map((key) => `"${key}": …`).join(', ')} }`];
}

/** `/passes/1/samples` as `passes[1].samples`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : join(path, part)), '');
}
