// Reads a note a person may have edited: each field is checked against its shape, so that a wrong one is an error with a
// place and not a broken model.

import type { Note } from './notes';
import { fromBase64 } from './utf8';

/** Notes within notes: an attribute, its items and what those carry need four. */
const MAX_DEPTH = 8;

/** `depth` counts the notes around. */
type Check = (value: unknown, depth: number) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isInteger: Check = (value) => Number.isSafeInteger(value);
const isBase64: Check = (value) => typeof value === 'string' && fromBase64(value) !== undefined;
const isBigint: Check = (value) => typeof value === 'string' && /^-?\d+$/.test(value);
const list = (item: Check): Check => (value, depth) => Array.isArray(value) && value.every((entry) => item(entry, depth));
const tuple = (...items: readonly Check[]): Check => (value, depth) => Array.isArray(value) && value.length === items.length && items.every((item, index) => item(value[index], depth));
const pairs = list(tuple(isString, isString));
const nested: Check = (value, depth) => depth < MAX_DEPTH && wrongField(value, depth + 1) === undefined;
const byPosition = list(tuple(isInteger, nested));
const encodings: readonly unknown[] = ['raw', 'float', 'int32', 'int64', 'double', 'uint64', 'none'];

const checks: { readonly [Field in keyof Required<Note>]: Check } = {
  doc_string: isString,
  metadata_props: pairs,
  explicit: list(isString),
  unknown: list(tuple(isInteger, isInteger, isBase64)),
  name: isString,
  storage: (value) => encodings.includes(value),
  bytes: isBase64,
  strings: list(isBase64),
  segment: tuple(isBigint, isBigint),
  values: nested,
  indices: nested,
  denotation: isString,
  dim_denotations: list(isString),
  type: isBase64,
  device_configurations: list(isBase64),
  attributes: list(tuple(isString, nested)),
  item: nested,
  items: byPosition,
  inputs: byPosition,
  outputs: byPosition,
  quantization_annotation: list(tuple(isString, pairs)),
  writes_default_domain: (value) => typeof value === 'boolean',
  configuration: list(isBase64),
  training_info: isInteger,
};

/** The first field that is unknown or of a wrong shape; `''` when the note is no object. */
function wrongField(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  return Object.entries(value).find(([name, field]) => !(Object.hasOwn(checks, name) && checks[name as keyof Note](field, depth)))?.[0];
}

/** The note of a JSON text, or what is wrong with it. */
export function readNote(json: string): { readonly note: Note } | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { wrong: 'JSON' };
  }
  const wrong = wrongField(value, 0);
  return wrong === undefined ? { note: value as Note } : { wrong: wrong === '' ? 'JSON' : wrong };
}
