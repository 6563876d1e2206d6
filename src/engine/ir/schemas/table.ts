// Reads the generated tables: what one operator's entry looks like and how it becomes an `OperatorSchema`. Tables are
// parsed when first asked for and entries when first needed, so that a program that checks nothing pays nothing.

import { runtimeSchemas } from './generated/runtime';
import { standardSchemas } from './generated/standard';
import type { Arity, AttributeKind, AttributeSchema, FormalParameter, OperatorSchema } from './schema';

/** One version; a part that is absent is as in the version before. */
interface VersionEntry {
  readonly since: number;
  /** `name:type`, then `?` for optional, `*N` for variadic with at least N values, `~N` for the same with differing types. */
  readonly in?: string;
  readonly out?: string;
  /** Type variable -> position in `typeLists`. */
  readonly types?: Readonly<Record<string, number>>;
  /** `name:kind`, then `!` for required or `=value` for a default (text as it is, numbers and lists as JSON). */
  readonly attributes?: string;
  readonly deprecated?: boolean;
}

interface SchemaTable {
  /** Newest opset by domain that the table knows. */
  readonly newest: Readonly<Record<string, number>>;
  /** Types separated by blanks; a bare element type stands for a tensor of it. */
  readonly typeLists: readonly string[];
  readonly operators: Readonly<Record<string, Readonly<Record<string, readonly VersionEntry[]>>>>;
}

const texts: Readonly<Record<OperatorSchema['definedBy'], string>> = { onnx: standardSchemas, onnxruntime: runtimeSchemas };
const parsed = new Map<OperatorSchema['definedBy'], SchemaTable>();
const versions = new Map<readonly VersionEntry[], readonly OperatorSchema[]>();
const typeSets = new Map<string, ReadonlySet<string>>();

function table(definedBy: OperatorSchema['definedBy']): SchemaTable {
  const found = parsed.get(definedBy) ?? (JSON.parse(texts[definedBy]) as SchemaTable);
  parsed.set(definedBy, found);
  return found;
}

export function newestOpset(definedBy: OperatorSchema['definedBy'], domain: string): number | undefined {
  const { newest } = table(definedBy);
  return Object.hasOwn(newest, domain) ? newest[domain] : undefined;
}

/** All versions of an operator, oldest first; undefined when the table does not have it. `domain` is '' for ai.onnx. */
export function versionsOf(definedBy: OperatorSchema['definedBy'], domain: string, opType: string): readonly OperatorSchema[] | undefined {
  const { operators, typeLists } = table(definedBy);
  // Domains and operators come from files: `constructor` is a name too.
  const domainEntries = Object.hasOwn(operators, domain) ? operators[domain] : undefined;
  const entries = domainEntries !== undefined && Object.hasOwn(domainEntries, opType) ? domainEntries[opType] : undefined;
  if (entries === undefined) return undefined;
  const known = versions.get(entries) ?? expand({ definedBy, domain, name: opType }, entries, typeLists);
  versions.set(entries, known);
  return known;
}

function expand(operator: Pick<OperatorSchema, 'definedBy' | 'domain' | 'name'>, entries: readonly VersionEntry[], typeLists: readonly string[]): OperatorSchema[] {
  let whole: Required<VersionEntry> = { since: 0, in: '', out: '', types: {}, attributes: '', deprecated: false };
  return entries.map((entry) => {
    whole = { ...whole, ...entry };
    const inputs = parameters(whole.in);
    const outputs = parameters(whole.out);
    return {
      ...operator,
      sinceVersion: whole.since,
      deprecated: whole.deprecated,
      inputs: inputs.map(({ parameter }) => parameter),
      outputs: outputs.map(({ parameter }) => parameter),
      inputCount: arity(inputs),
      outputCount: arity(outputs),
      attributes: new Map(words(whole.attributes).map(attribute).map((schema) => [schema.name, schema])),
      typeConstraints: new Map(Object.entries(whole.types).map(([variable, list]) => [variable, typeSet(typeLists[list] ?? '')])),
    };
  });
}

interface Counted {
  readonly parameter: FormalParameter;
  /** Fewest values of a variadic parameter. */
  readonly least: number;
}

function parameters(text: string): Counted[] {
  return words(text).map((word) => {
    const [, name = '', type = '', mark, least = '0'] = /^([^:]*):([^?*~]*)(?:([?*~])(\d*))?$/.exec(word) ?? [];
    const option = mark === undefined ? 'single' : mark === '?' ? 'optional' : 'variadic';
    return { parameter: { name, type: typeName(type), option, homogeneous: mark !== '~' }, least: Number(least) };
  });
}

function arity(list: readonly Counted[]): Arity {
  const last = list.at(-1);
  if (last?.parameter.option === 'variadic') return { least: list.length - 1 + last.least, most: Infinity };
  return { least: list.findLastIndex(({ parameter }) => parameter.option === 'single') + 1, most: list.length };
}

function attribute(word: string): AttributeSchema {
  const [, name = '', kind = '', required, fallback] = /^([^:]*):(\w+)(!)?(?:=(.*))?$/.exec(word) ?? [];
  return {
    name,
    kind: kind as AttributeKind,
    required: required !== undefined,
    ...(fallback !== undefined && { default: kind === 'string' ? fallback : (JSON.parse(fallback) as NonNullable<AttributeSchema['default']>) }),
  };
}

function typeSet(list: string): ReadonlySet<string> {
  const known = typeSets.get(list) ?? new Set(words(list).map(typeName));
  typeSets.set(list, known);
  return known;
}

/** Element types are written bare in the table and begin with a small letter, type variables with a capital one. */
function typeName(word: string): string {
  return /^[a-z][a-z0-9]*$/.test(word) ? `tensor(${word})` : word;
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
