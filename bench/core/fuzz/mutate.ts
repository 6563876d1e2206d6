// Damages serialized models: at random places, and along their structure (fields removed, repeated, replaced by what parsers
// tend to trip over), so that the damage gets past the first check. The same seed gives the same bytes.

import { type MessageLayout, modelLayout } from '../../../src/engine/ir/payloads';
import { WireType } from '../../../src/engine/ir/wire';

/** Numbers from 0 up to but not including 1. */
export type Random = () => number;

/** mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Field {
  number: number;
  wire: number;
  value: bigint | Uint8Array | Field[];
}

const numbers = [0n, 1n, 2n, 7n, 8n, 127n, 128n, 255n, 2n ** 16n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
const texts = [
  '', 'x', '__proto__', 'constructor', 'toString', '../../../etc/passwd', '/etc/passwd', 'C:\\x', 'a\0b', '-1', '1e9', '99999999999999999999', '`', 'max(', 'N*N', '\u{1f4a5}',
  'If', 'Loop', 'Scan', 'Conv', 'Reshape', 'Constant', 'ConstantOfShape', 'Concat', 'Shape', 'Gather', 'Slice', 'Resize', 'Einsum', 'Range', 'Tile', 'Expand', 'com.microsoft', 'ai.onnx',
].map((text) => new TextEncoder().encode(text));
const MAX_MUTATIONS = 6;
/** Share of damage that knows nothing of structure: nearly all of it is refused at once. */
const BYTES_SHARE = 0.2;

/** `other` lends its parts. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let result = bytes;
  const rounds = 1 + Math.floor(random() ** 2 * MAX_MUTATIONS);
  for (let round = 0; round < rounds; round += 1) result = random() < BYTES_SHARE ? damageBytes(result, other, random) : damageStructure(result, other, random);
  return result;
}

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

function pick<Value>(list: readonly Value[], random: Random): Value {
  const value = list[below(list.length, random)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

function damageBytes(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = below(bytes.length, random);
  const end = Math.min(bytes.length, at + 1 + below(64, random));
  const [head, part, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  const changed = bytes.slice();
  switch (below(7, random)) {
    case 0: changed[at] = (bytes[at] ?? 0) ^ (1 << below(8, random)); return changed;
    case 1: changed[at] = below(256, random); return changed;
    case 2: changed.fill(pick([0, 0xff, 0x80, 0x7f], random), at, end); return changed;
    case 3: return Buffer.concat([head, part, part, tail]);
    case 4: return Buffer.concat([head, tail]);
    case 5: return head;
    default: {
      const from = below(other.length, random);
      return Buffer.concat([head, other.subarray(from, from + below(512, random)), tail]);
    }
  }
}

/** Bytes that do not parse are damaged as bytes. */
function damageStructure(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const fields = parse(bytes, modelLayout);
  if (fields === undefined || fields.length === 0) return damageBytes(bytes, other, random);
  const { list, index, layout } = pick(placesIn(fields, modelLayout), random);
  const field = list[index];
  if (field === undefined) return bytes;
  switch (pick(operations, random)) {
    case 'remove': list.splice(index, 1); break;
    case 'repeat': list.push(structuredClone(field)); break;
    case 'flood': list.splice(index, 0, ...Array.from({ length: 1 + below(50, random) }, () => structuredClone(field))); break;
    case 'number': field.number = 1 + below(30, random); break;
    case 'wire': field.wire = below(6, random); break;
    case 'swap': {
      const lent = lentField(fields, layout, random);
      if (lent !== undefined) list[index] = lent;
      break;
    }
    case 'insert': {
      const lent = lentField(parse(other, modelLayout) ?? [], layout, random);
      if (lent !== undefined) list.splice(index, 0, lent);
      break;
    }
    case 'value':
      field.value = typeof field.value === 'bigint' ? pick(numbers, random) : field.wire === (WireType.LengthDelimited as number) && !Array.isArray(field.value) ? pick(texts, random) : field.value;
  }
  return serialize(fields);
}

/** By how often each is tried: those that leave the form intact get further in. */
const operations = ['remove', 'remove', 'repeat', 'flood', 'number', 'wire', 'swap', 'swap', 'swap', 'insert', 'insert', 'value', 'value', 'value', 'value', 'value'] as const;

/** A copy of a field of a message of that type. */
function lentField(fields: Field[], layout: MessageLayout, random: Random): Field | undefined {
  const places = placesIn(fields, modelLayout).filter((place) => place.layout === layout);
  if (places.length === 0) return undefined;
  const { list, index } = pick(places, random);
  return structuredClone(list[index]);
}

interface Place {
  readonly list: Field[];
  readonly index: number;
  /** Of the message that `list` are the fields of. */
  readonly layout: MessageLayout;
}

function placesIn(fields: Field[], outermost: MessageLayout): Place[] {
  const places: Place[] = [];
  const visit = (list: Field[], layout: MessageLayout): void => list.forEach((field, index) => {
    places.push({ list, index, layout });
    const child = layout.fields.get(field.number)?.child;
    if (Array.isArray(field.value) && child !== undefined) visit(field.value, child);
  });
  visit(fields, outermost);
  return places;
}

function parse(bytes: Uint8Array, layout: MessageLayout, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) return undefined;
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (wire === (WireType.Varint as number)) {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value });
      continue;
    }
    const size = wire === (WireType.LengthDelimited as number) ? Number(varint() ?? -1n) : wire === (WireType.Fixed32 as number) ? 4 : wire === (WireType.Fixed64 as number) ? 8 : -1;
    if (size < 0 || size > bytes.length - at) return undefined;
    const body = bytes.subarray(at, at + size);
    at += size;
    const child = wire === (WireType.LengthDelimited as number) ? layout.fields.get(number)?.child : undefined;
    const inner = child === undefined || depth > 100 ? undefined : parse(body, child, depth + 1);
    fields.push({ number, wire, value: inner ?? body });
  }
  return fields;
}

function serialize(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, value } of fields) {
    parts.push(varintBytes(BigInt(number) * 8n + BigInt(wire)));
    if (typeof value === 'bigint') {
      parts.push(varintBytes(value));
      continue;
    }
    const body = Array.isArray(value) ? serialize(value) : value;
    if (wire === (WireType.LengthDelimited as number)) parts.push(varintBytes(BigInt(body.length)));
    parts.push(body);
  }
  return Buffer.concat(parts);
}

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
