// `opaque(domain, name)`: TypeProto.Opaque, which model.ts keeps as the bytes of its TypeProto.

import { pushVarint } from '../wire';
import { utf8Bytes, utf8Text } from './utf8';

/** Tags of length-delimited fields: TypeProto.opaque_type = 7, Opaque.domain = 1, Opaque.name = 2 (onnx.proto). */
const OPAQUE_TYPE = 0x3a;
const DOMAIN = 0x0a;
const NAME = 0x12;
/** Lengths of one varint byte are read; a longer one is kept as bytes in a note. */
const LONGEST = 0x7f;

export interface OpaqueType {
  readonly domain: string;
  readonly name: string;
}

/** Undefined where the bytes are another type, or an opaque type with other fields. */
export function readOpaque(bytes: Uint8Array): OpaqueType | undefined {
  const body = field(bytes, OPAQUE_TYPE);
  if (body === undefined || body.rest.length > 0) return undefined;
  const domain = field(body.value, DOMAIN);
  const name = field(domain?.rest ?? body.value, NAME);
  if ((name?.rest ?? domain?.rest ?? body.value).length > 0) return undefined;
  return { domain: domain === undefined ? '' : utf8Text(domain.value), name: name === undefined ? '' : utf8Text(name.value) };
}

export function writeOpaque({ domain, name }: OpaqueType): Uint8Array {
  const text = (tag: number, value: string): number[] => (value === '' ? [] : delimited(tag, [...utf8Bytes(value)]));
  return Uint8Array.from(delimited(OPAQUE_TYPE, [...text(DOMAIN, domain), ...text(NAME, name)]));
}

function delimited(tag: number, body: readonly number[]): number[] {
  const out = [tag];
  pushVarint(out, body.length);
  return [...out, ...body];
}

function field(bytes: Uint8Array, tag: number): { readonly value: Uint8Array; readonly rest: Uint8Array } | undefined {
  const [found, length] = bytes;
  if (found !== tag || length === undefined || length > LONGEST || bytes.length < 2 + length) return undefined;
  return { value: bytes.subarray(2, 2 + length), rest: bytes.subarray(2 + length) };
}
