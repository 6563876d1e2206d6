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
  | (FieldBase & { readonly kind: 'list' });

/** An object that may be left out: a switch, and fields for what is in it. */
export type SwitchField = FieldBase & { readonly kind: 'switch'; readonly fields: readonly FormField[] };

/** Options that exclude each other: which one, and its value. The first is the one meant where nothing is entered. */
export type AlternativesField = FieldBase & { readonly kind: 'alternatives'; readonly fields: readonly ValueField[] };

export type FormField = ValueField | SwitchField | AlternativesField;

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
    return alternativesField(within.prefix + option.alternative, options.filter(isAlternative).flatMap(([name, other]) => valueField(other, baseOf(schema, name, within)) ?? []));
  });
}

/** One that is alone, because the others come in a later version, needs no choice. */
function alternativesField(name: string, fields: readonly ValueField[]): readonly FormField[] {
  const [first, second] = fields;
  if (first === undefined || second === undefined) return fields;
  return [{ pass: first.pass, name, kind: 'alternatives', advanced: first.advanced, required: false, default: undefined, fields }];
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
  if (option.type === 'object' && option.properties !== undefined) {
    const inside: Place = { pass: base.pass, prefix: `${base.name}.`, advanced: base.advanced };
    const mayBeLeftOut = option.default === undefined && !base.required;
    return mayBeLeftOut ? [{ ...base, kind: 'switch', fields: objectFields(option, { ...inside, advanced: false }) }] : objectFields(option, inside);
  }
  const field = valueField(option, base);
  return field === undefined ? [] : [field];
}

function valueField(option: OptionSchema, base: FieldBase): ValueField | undefined {
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
