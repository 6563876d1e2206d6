// From the JSON Schema of a pass's options to the fields of a form; formValues.ts goes back.
// Knows no pass by name: a pass that a later version adds is drawn without a change here.

import type { OptionSchema, PassDescription } from '../../src/protocol/passes';

export type Scalar = string | number | boolean;

interface FieldBase {
  /** Id of the pass, whose words of an option may be its own. */
  readonly pass: string;
  /** Name of the option; of an option within an object dotted, as on the command line (`bits.weights`). */
  readonly name: string;
  readonly advanced: boolean;
  readonly required: boolean;
  readonly default: unknown;
  readonly description?: string;
  /** Shown in an empty field. */
  readonly example?: string;
}

/** A field with one control and one value. */
export type ValueField =
  | (FieldBase & { readonly kind: 'choice'; readonly values: readonly ChoiceValue[] })
  | (FieldBase & { readonly kind: 'flag' })
  | (FieldBase & { readonly kind: 'number'; readonly integer: boolean; readonly bounds: Bounds })
  /** A number or a word, e.g. `0.5` or `"3.5ms"`. */
  | (FieldBase & { readonly kind: 'text'; readonly numeric: boolean })
  | (FieldBase & { readonly kind: 'list' })
  /** Any of a few values, in the order they are listed in. */
  | (FieldBase & { readonly kind: 'set'; readonly values: readonly ChoiceValue[] });

/** An object that may be left out: a switch, and fields for what is in it. */
export type SwitchField = FieldBase & { readonly kind: 'switch'; readonly fields: readonly FormField[] };

/**
 * One of several: options that exclude each other, or the forms of one option that is a word or an object of one value
 * (`"evbmf"` or `{ "energy": 0.9 }`). `start` names the one meant where nothing is entered.
 */
export type AlternativesField = FieldBase & { readonly kind: 'alternatives'; readonly choices: readonly Alternative[]; readonly start: string };

export interface Alternative {
  /** Of its field, or option and word (`ranks=evbmf`); empty where the pass chooses. */
  readonly name: string;
  /** Asks for its value. */
  readonly field?: ValueField;
  /** The word that says all. */
  readonly word?: { readonly option: string; readonly value: Scalar };
}

export type FormField = ValueField | SwitchField | AlternativesField;

/** More values than this are no set of checkboxes but a list to type. */
const MOST_IN_SET = 8;

export interface ChoiceValue {
  readonly value: Scalar;
  readonly ready: boolean;
}

export interface Bounds {
  readonly minimum?: Bound;
  readonly maximum?: Bound;
}

export interface Bound {
  readonly value: number;
  /** The bound itself is not allowed. */
  readonly exclusive: boolean;
}

/** Fields in the order of the schema; options a form cannot hold (lists of objects) and those of later versions are left out. */
export function formFields(pass: PassDescription): readonly FormField[] {
  return objectFields(pass.options, { pass: pass.id, prefix: '', advanced: false });
}

/** Where options stand. */
interface Place {
  readonly pass: string;
  /** With a dot at its end, or empty. */
  readonly prefix: string;
  /** All of them are. */
  readonly advanced: boolean;
}

function objectFields(schema: OptionSchema, within: Place): readonly FormField[] {
  const options = Object.entries(schema.properties ?? {}).filter(([, option]) => option.planned !== true);
  return options.flatMap(([key, option], place) => {
    if (option.alternative === undefined) return optionFields(option, baseOf(schema, key, within));
    const isAlternative = ([, other]: readonly [string, OptionSchema]): boolean => other.alternative === option.alternative;
    // Drawn once, where the first of them stands.
    if (options.findIndex(isAlternative) !== place) return [];
    return alternativesField(within, option.alternative, options.filter(isAlternative).flatMap(([name, other]) => choicesOf(other, baseOf(schema, name, within))));
  });
}

/** One that is alone, because the others come in a later version, needs no choice. */
function alternativesField({ pass, prefix, advanced }: Place, name: string, choices: readonly Alternative[]): readonly FormField[] {
  const [first, second] = choices;
  if (first === undefined) return [];
  if (second === undefined && first.field !== undefined) return [first.field];
  return [{ pass, name: prefix + name, kind: 'alternatives', advanced: first.field?.advanced ?? advanced, required: false, default: undefined, choices, start: first.name }];
}

function choicesOf(option: OptionSchema, base: FieldBase): readonly Alternative[] {
  const field = valueField(option, base);
  return field === undefined ? unionChoices(option, base) ?? [] : [{ name: field.name, field }];
}

function unionField(option: OptionSchema, base: FieldBase): AlternativesField | undefined {
  const choices = unionChoices(option, base);
  if (choices === undefined) return undefined;
  const start = isScalarValue(option.default) ? wordChoice(base.name, option.default).name : Object.keys(option.default ?? {}).map((key) => `${base.name}.${key}`)[0];
  const all: readonly Alternative[] = start === undefined && !base.required ? [{ name: '' }, ...choices] : choices;
  return { ...base, kind: 'alternatives', choices: all, start: start ?? all[0]?.name ?? '' };
}

/** The forms of an option that is one of some words or an object of one value; undefined for all others. */
function unionChoices(option: OptionSchema, base: FieldBase): readonly Alternative[] | undefined {
  const parts = (option.anyOf ?? []).map((part) => wordsOf(part)?.map((value) => wordChoice(base.name, value)) ?? objectOfOne(part, base));
  const choices = parts.flatMap((part): readonly Alternative[] => part ?? []);
  return parts.includes(undefined) || choices.every(({ field }) => field === undefined) ? undefined : choices;
}

function wordChoice(option: string, value: Scalar): Alternative {
  return { name: `${option}=${String(value)}`, word: { option, value } };
}

function objectOfOne(part: OptionSchema, { pass, name, advanced, default: whole }: FieldBase): readonly Alternative[] | undefined {
  const [[key, inner] = [], another] = Object.entries(part.properties ?? {});
  if (key === undefined || inner === undefined || another !== undefined) return undefined;
  // The default of a part means nothing where the option is left out.
  const field = valueField(inner, { ...baseOf(part, key, { pass, prefix: `${name}.`, advanced }), default: isObject(whole) ? whole[key] : undefined });
  return field && [{ name: field.name, field }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function baseOf(schema: OptionSchema, key: string, { pass, prefix, advanced }: Place): FieldBase {
  const option = schema.properties?.[key] ?? {};
  const [example] = option.examples ?? [];
  return {
    pass,
    name: prefix + key,
    advanced: advanced || option.advanced === true,
    required: (schema.required ?? []).includes(key) && option.default === undefined,
    default: option.default,
    ...(option.description === undefined ? {} : { description: option.description }),
    ...(example === undefined ? {} : { example: String(example) }),
  };
}

/** An object with defaults lends its fields to the form; one that may be left out is a switch, whose fields start anew with what is common. */
function optionFields(option: OptionSchema, base: FieldBase): readonly FormField[] {
  // A choice of one, which is meant anyway, asks nothing.
  if (option.enum?.length === 1 && option.default === option.enum[0]) return [];
  if (option.type === 'object' && option.properties !== undefined) {
    const inside: Place = { pass: base.pass, prefix: `${base.name}.`, advanced: base.advanced };
    const mayBeLeftOut = option.default === undefined && !base.required;
    return mayBeLeftOut ? [{ ...base, kind: 'switch', fields: objectFields(option, { ...inside, advanced: false }) }] : objectFields(option, inside);
  }
  const field = unionField(option, base) ?? valueField(option, base);
  return field === undefined ? [] : [field];
}

function valueField(option: OptionSchema, base: FieldBase): ValueField | undefined {
  const constants = constantsOf(option);
  if (constants !== undefined) {
    return { ...base, kind: 'choice', values: choiceValues(constants, option) };
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
      return arrayField(option.items ?? {}, base);
    default: {
      const parts = option.anyOf ?? [];
      if (parts.length === 0 || !parts.every(isScalar)) return undefined;
      return { ...base, kind: 'text', numeric: parts.some((part) => part.type === 'number' || part.type === 'integer' || typeof part.const === 'number') };
    }
  }
}

function arrayField(items: OptionSchema, base: FieldBase): ValueField | undefined {
  const constants = constantsOf(items);
  if (constants !== undefined && constants.length <= MOST_IN_SET) return { ...base, kind: 'set', values: choiceValues(constants, items) };
  return items.type === 'string' ? { ...base, kind: 'list' } : undefined;
}

function choiceValues(constants: readonly Scalar[], { notReady = [] }: OptionSchema): readonly ChoiceValue[] {
  return constants.map((value) => ({ value, ready: !notReady.includes(value) }));
}

/** The values of an option that allows only some: `enum`, a union of constants, constants beside a boolean. */
function constantsOf(option: OptionSchema): readonly Scalar[] | undefined {
  if (option.enum !== undefined) return option.enum;
  const parts = option.anyOf;
  if (parts === undefined || parts.length === 0) return undefined;
  const values: Scalar[] = [];
  for (const part of parts) {
    const own = wordsOf(part) ?? (part.type === 'boolean' ? [true, false] : undefined);
    if (own === undefined) return undefined;
    values.push(...own);
  }
  return values;
}

function wordsOf(part: OptionSchema): readonly Scalar[] | undefined {
  return isScalarValue(part.const) ? [part.const] : part.enum;
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: OptionSchema): Bounds {
  const low = boundOf(minimum, exclusiveMinimum);
  const high = boundOf(maximum, exclusiveMaximum);
  return { ...(low === undefined ? {} : { minimum: low }), ...(high === undefined ? {} : { maximum: high }) };
}

function boundOf(inclusive: number | undefined, exclusive: number | undefined): Bound | undefined {
  const value = inclusive ?? exclusive;
  return value === undefined ? undefined : { value, exclusive: inclusive === undefined };
}

function isScalar(part: OptionSchema): boolean {
  return isScalarValue(part.const) || part.enum !== undefined || ['string', 'number', 'integer', 'boolean'].includes(part.type ?? '');
}

export function isScalarValue(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
