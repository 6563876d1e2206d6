// The inverse of scan.ts: streams a serialized ModelProto from a skeleton, putting each payload back where its marker
// stands. Memory: the skeleton and one chunk of weights.

import { EngineError } from '../error';
import type { ByteSink, ByteSource } from '../ports';
import type { TensorData } from './model';
import { MARKER_FIELD, type MessageLayout, modelLayout, payloadFieldOf } from './payloads';
import { fieldHeader, WireType } from './wire';

/** Bytes of weights in memory at a time while saving. */
const CHUNK = 1 << 22;

/** A piece of the output: bytes at hand, or a payload to stream. */
type Piece = Uint8Array | TensorData;

export interface Expansion {
  readonly pieces: readonly Piece[];
  /** Length of the serialized model in bytes. */
  readonly length: number;
}

export function expand(skeleton: Uint8Array, payloads: readonly TensorData[]): Expansion {
  const { pieces, length } = message(skeleton, modelLayout, 0, skeleton.length, payloads);
  return { pieces, length };
}

export async function writePieces(expansion: Expansion, sink: ByteSink): Promise<void> {
  for (const piece of expansion.pieces) {
    if (piece instanceof Uint8Array) await sink.write(piece);
    else await writePayload(piece, sink);
  }
}

/** Streams the bytes of a payload as they were written. */
export async function writePayload(data: TensorData, sink: ByteSink): Promise<void> {
  if ('bytes' in data.at) await sink.write(data.at.bytes);
  else if (sink.copyFrom !== undefined) await sink.copyFrom(data.at.source, data.at.offset, data.at.length);
  else await copyRange(data.at.source, data.at.offset, data.at.length, sink);
}

export async function copyRange(source: ByteSource, offset: number, length: number, sink: ByteSink): Promise<void> {
  for (let done = 0; done < length; done += CHUNK) {
    await sink.write(await source.read(offset + done, Math.min(CHUNK, length - done)));
  }
}

export function payloadLength(data: TensorData): number {
  return 'bytes' in data.at ? data.at.bytes.length : data.at.length;
}

function message(bytes: Uint8Array, layout: MessageLayout, start: number, end: number, payloads: readonly TensorData[]): { pieces: Piece[]; length: number; changed: boolean } {
  const pieces: Piece[] = [];
  let length = 0;
  let changed = false;
  let copiedTo = start;
  const copyUpTo = (offset: number): void => {
    if (offset <= copiedTo) return;
    pieces.push(bytes.subarray(copiedTo, offset));
    length += offset - copiedTo;
  };

  let at = start;
  while (at < end) {
    const fieldStart = at;
    const tag = readVarint(bytes, at);
    const field = Math.floor(tag.value / 8);
    const wireType: WireType = tag.value % 8;
    at = tag.next;
    if (wireType === WireType.LengthDelimited) {
      const size = readVarint(bytes, at);
      at = size.next + size.value;
      const child = layout.fields.get(field)?.child;
      if (child === undefined) continue;
      const nested = message(bytes, child, size.next, at, payloads);
      if (!nested.changed) continue;
      copyUpTo(fieldStart);
      const head = fieldHeader(field, WireType.LengthDelimited, nested.length);
      pieces.push(head);
      for (const piece of nested.pieces) pieces.push(piece);
      length += head.length + nested.length;
    } else if (wireType === WireType.Varint) {
      const value = readVarint(bytes, at);
      at = value.next;
      if (!layout.isTensor || field !== MARKER_FIELD) continue;
      copyUpTo(fieldStart);
      const payload = payloads[value.value];
      if (payload === undefined) throw new EngineError('internal', { activity: 'progress.saving', reason: `payload ${value.value} is missing` });
      const head = fieldHeader(payloadFieldOf[payload.encoding], WireType.LengthDelimited, payloadLength(payload));
      pieces.push(head, payload);
      length += head.length + payloadLength(payload);
    } else {
      at += wireType === WireType.Fixed64 ? 8 : 4;
      continue;
    }
    changed = true;
    copiedTo = at;
  }
  copyUpTo(end);
  return { pieces, length, changed };
}

function readVarint(bytes: Uint8Array, offset: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  let at = offset;
  for (;;) {
    const byte = bytes[at] ?? 0;
    at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: at };
    scale *= 128;
  }
}
