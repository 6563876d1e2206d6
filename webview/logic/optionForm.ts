// From the JSON Schema of a pass's options to the fields of a form, and from what was entered back to options.
// Knows no pass by name: a pass that a later version adds is drawn without a change here.

import type { OptionSchema, PassDescription } from '../../src/protocol/passes';

export type Scalar = string | number | boolean;

interface FieldBase {
  /** Name of the option; of an option within an object dotted, as on the command line (`bits.weights`). */
  readonly name: string;
  readonly advanced: boolean;
  readonly required: boolean;
  readonly default: unknown;
  readonly description?: string;
}

export type FormField =
  | (FieldBase & { readonly kind: 'choice'; readonly values: readonly ChoiceValue[] })
  | (FieldBase & { readonly kind: 'flag' })
  | (FieldBase & { readonly kind: 'number'; readonly integer: boolean; readonly bounds: Bounds })
  /** A number or a word, e.g. `0.5` or `"3.5ms"`. */
  | (FieldBase & { readonly kind: 'text'; readonly numeric: boolean })
  | (FieldBase & { readonly kind: 'list' });

export interface ChoiceValue {
  readonly value: Scalar;
  readonly ready: boolean;
}

export interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  /** The bound itself is not allowed. */
  readonly exclusive?: boolean;
}

/** Fields in the order of the schema; options a form cannot hold (lists of objects) are left to recipes. */
export function formFields(pass: PassDescription): readonly FormField[] {
  return objectFields(pass.options, '', false);
}

function objectFields(schema: OptionSchema, prefix: string, advanced: boolean): readonly FormField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = prefix + key;
    const folded = advanced || option.advanced === true;
    if (option.type === 'object' && option.properties !== undefined) return objectFields(option, `${name}.`, folded);
    const base: FieldBase = {
      name,
      advanced: folded,
      required: (schema.required ?? []).includes(key) && option.default === undefined,
      default: option.default,
      ...(option.description === undefined ? {} : { description: option.description }),
    };
    const field = fieldOf(option, base);
    return field === undefined ? [] : [field];
  });
}

function fieldOf(option: OptionSchema, base: FieldBase): FormField | undefined {
  const constants = constantsOf(option);
  if (constants !== undefined) {
    const refused = option.notReady ?? [];
    return { ...base, kind: 'choice', values: constants.map((value) => ({ value, ready: !refused.includes(value) })) };
  }
  switch (option.type) {
    case 'boolean':
      return { ...base, kind: 'flag' };
    case 'integer':
    case 'number':
      return { ...base, kind: 'number', integer: option.type === 'integer', bounds: boundsOf(option) };
    case 'string':
      return { ...base, kind: 'text', numeric: false };
    case 'array':
      return option.items?.type === 'string' ? { ...base, kind: 'list' } : undefined;
    default: {
      const parts = option.anyOf ?? [];
      if (parts.length === 0 || !parts.every(isScalar)) return undefined;
      return { ...base, kind: 'text', numeric: parts.some((part) => part.type === 'number' || part.type === 'integer' || typeof part.const === 'number') };
    }
  }
}

/** The values of an option that allows only some: `enum`, a union of constants, constants beside a boolean. */
function constantsOf(option: OptionSchema): readonly Scalar[] | undefined {
  if (option.enum !== undefined) return option.enum;
  const parts = option.anyOf;
  if (parts === undefined || parts.length === 0) return undefined;
  const values: Scalar[] = [];
  for (const part of parts) {
    const own = isScalarValue(part.const) ? [part.const] : part.enum ?? (part.type === 'boolean' ? [true, false] : undefined);
    if (own === undefined) return undefined;
    values.push(...own);
  }
  return values;
}

function boundsOf(option: OptionSchema): Bounds {
  const minimum = option.minimum ?? option.exclusiveMinimum;
  const maximum = option.maximum ?? option.exclusiveMaximum;
  return {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(option.exclusiveMinimum !== undefined || option.exclusiveMaximum !== undefined ? { exclusive: true } : {}),
  };
}

function isScalar(part: OptionSchema): boolean {
  return isScalarValue(part.const) || part.enum !== undefined || ['string', 'number', 'integer', 'boolean'].includes(part.type ?? '');
}

function isScalarValue(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

// ── from what was entered to options ─────────────────────────────────────────────────────────────────────────────

/** What a control holds: text of a text field, state of a checkbox, text of the chosen value. */
export type Entered = string | boolean;

export type FieldProblem = 'required' | 'notANumber' | 'notAnInteger' | 'outOfBounds';

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: FieldProblem };

/** Value of one field; `undefined` where it was left empty. */
export function parseField(field: FormField, entered: Entered): Parsed {
  if (field.kind === 'flag') return { ok: true, value: entered === true };
  const text = String(entered).trim();
  if (field.kind === 'list') return { ok: true, value: text === '' ? undefined : text.split(/[\n,]/).map((item) => item.trim()).filter(Boolean) };
  if (text === '') return field.required ? { ok: false, problem: 'required' } : { ok: true, value: undefined };
  switch (field.kind) {
    case 'choice':
      return { ok: true, value: field.values.find(({ value }) => String(value) === text)?.value };
    case 'text':
      return { ok: true, value: field.numeric && Number.isFinite(Number(text)) ? Number(text) : text };
    case 'number':
      return parseNumber(field.integer, field.bounds, text);
  }
}

function parseNumber(integer: boolean, bounds: Bounds, text: string): Parsed {
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, problem: 'notANumber' };
  if (integer && !Number.isInteger(value)) return { ok: false, problem: 'notAnInteger' };
  const { minimum = -Infinity, maximum = Infinity, exclusive = false } = bounds;
  const outside = exclusive ? value <= minimum || value >= maximum : value < minimum || value > maximum;
  return outside ? { ok: false, problem: 'outOfBounds' } : { ok: true, value };
}

export type FormResult =
  | { readonly ok: true; readonly options: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problems: ReadonlyMap<string, FieldProblem> };

/** Options that differ from their default, nested as the recipe wants them; or the problem of each wrong field. */
export function collectOptions(fields: readonly FormField[], entered: ReadonlyMap<string, Entered>): FormResult {
  const problems = new Map<string, FieldProblem>();
  const options: Record<string, unknown> = {};
  for (const field of fields) {
    const parsed = parseField(field, entered.get(field.name) ?? startValue(field));
    if (!parsed.ok) problems.set(field.name, parsed.problem);
    else if (parsed.value !== undefined && !sameValue(parsed.value, field.default)) setPath(options, field.name, parsed.value);
  }
  return problems.size > 0 ? { ok: false, problems } : { ok: true, options };
}

/** What a field shows before anything is entered. */
export function startValue(field: FormField): Entered {
  if (field.kind === 'flag') return field.default === true;
  if (field.kind === 'list') return Array.isArray(field.default) ? field.default.join(', ') : '';
  return isScalarValue(field.default) ? String(field.default) : '';
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) ? JSON.stringify(a) === JSON.stringify(b) : b === undefined && a.length === 0;
  return a === b || (a === false && b === undefined);
}

function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const dot = path.indexOf('.');
  if (dot < 0) {
    target[path] = value;
    return;
  }
  const key = path.slice(0, dot);
  const inner: Record<string, unknown> = { ...(target[key] as Record<string, unknown> | undefined) };
  setPath(inner, path.slice(dot + 1), value);
  target[key] = inner;
}
