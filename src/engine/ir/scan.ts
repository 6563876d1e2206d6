// Reads the structure of a serialized ModelProto without its weights: a skeleton (small protobuf bytes in which each
// tensor payload is replaced by a marker) and the list of payloads. Every length is checked before anything is allocated.

import { EngineError } from '../error';
import type { ByteSource } from '../ports';
import type { TensorData } from './model';
import { children, MARKER_FIELD, messageNames, type MessageKind, payloadFields } from './payloads';
import { pushVarint, WireReader, WireType } from './wire';

export interface Skeleton {
  /** A serialized ModelProto with markers in place of payloads. */
  readonly bytes: Uint8Array;
  /** Payloads by marker value. */
  readonly payloads: readonly TensorData[];
}

/** Payloads below this many bytes are copied, not referenced: a reference costs about as much. */
const INLINE_BYTES = 256;
/** Deepest nesting of messages; protobuf libraries stop at 100 too. */
const MAX_DEPTH = 100;
/** Structure beyond this size is no model that anyone wrote: the largest known have some tens of MB. */
const MAX_SKELETON_BYTES = 1 << 29;

export async function scanModel(source: ByteSource): Promise<Skeleton> {
  const scan = new Scan(source);
  const { pieces, length } = await scan.message('model', 0, source.size, 0);
  return { bytes: join(pieces, length), payloads: scan.payloads };
}

interface Pieces {
  readonly pieces: Uint8Array[];
  readonly length: number;
  /** False when the message is a plain copy of the file. */
  readonly changed: boolean;
}

class Scan {
  readonly payloads: TensorData[] = [];
  private readonly reader: WireReader;
  private copied = 0;

  constructor(source: ByteSource) {
    this.reader = new WireReader(source);
  }

  async message(kind: MessageKind, start: number, end: number, depth: number): Promise<Pieces> {
    const what = messageNames[kind];
    if (depth > MAX_DEPTH) throw this.corrupt(`${what} is nested more than ${MAX_DEPTH} deep`, start);
    const pieces: Uint8Array[] = [];
    let length = 0;
    let changed = false;
    let copyFrom = start;
    const push = (bytes: Uint8Array): void => {
      pieces.push(bytes);
      length += bytes.length;
    };
    const copyUpTo = async (offset: number): Promise<void> => {
      if (offset > copyFrom) push(await this.copy(copyFrom, offset - copyFrom));
    };

    let at = start;
    while (at < end) {
      const fieldStart = at;
      const tag = await this.reader.varint(at, end, what);
      const field = Math.floor(tag.value / 8);
      const wireType: WireType = tag.value % 8;
      if (field === 0) throw this.corrupt(`${what} has a field with number 0`, at);
      at = tag.next;
      if (wireType !== WireType.LengthDelimited) {
        at = await this.skip(wireType, at, end, what);
        continue;
      }
      const size = await this.reader.varint(at, end, what);
      const bodyStart = size.next;
      if (size.value > end - bodyStart) throw this.reader.cut(`${what}, field ${field}`, bodyStart, size.value, end);
      at = bodyStart + size.value;

      const child = children[kind][field];
      const encoding = kind === 'tensor' ? payloadFields[field] : undefined;
      if (child !== undefined) {
        const nested = await this.message(child, bodyStart, at, depth + 1);
        if (!nested.changed) continue;
        await copyUpTo(fieldStart);
        push(header(field, WireType.LengthDelimited, nested.length));
        for (const piece of nested.pieces) push(piece);
      } else if (encoding !== undefined) {
        await copyUpTo(fieldStart);
        push(header(MARKER_FIELD, WireType.Varint, this.payloads.length));
        this.payloads.push({ encoding, at: await this.payload(bodyStart, size.value) });
      } else {
        continue;
      }
      changed = true;
      copyFrom = at;
    }
    if (changed) await copyUpTo(end);
    // A message without payloads is copied whole by whoever holds it; the outermost has nobody.
    else if (depth === 0) await copyUpTo(end);
    return { pieces, length, changed };
  }

  private async payload(offset: number, length: number): Promise<TensorData['at']> {
    if (length >= INLINE_BYTES) return { source: this.reader.source, offset, length };
    return { bytes: (await this.reader.bytes(offset, length)).slice() };
  }

  private async copy(offset: number, length: number): Promise<Uint8Array> {
    this.copied += length;
    if (this.copied > MAX_SKELETON_BYTES) throw this.corrupt(`the structure alone is larger than ${MAX_SKELETON_BYTES} bytes`, offset);
    return (await this.reader.bytes(offset, length)).slice();
  }

  private async skip(wireType: WireType, at: number, end: number, what: string): Promise<number> {
    switch (wireType) {
      case WireType.Varint:
        return (await this.reader.varint(at, end, what)).next;
      case WireType.Fixed64:
      case WireType.Fixed32: {
        const size = wireType === WireType.Fixed64 ? 8 : 4;
        if (size > end - at) throw this.reader.cut(what, at, size, end);
        return at + size;
      }
      case WireType.LengthDelimited:
      case WireType.StartGroup:
      case WireType.EndGroup:
      default:
        throw this.corrupt(`${what} has the wire type ${wireType}, which ONNX does not use`, at);
    }
  }

  private corrupt(what: string, offset: number): EngineError {
    return new EngineError('corruptModel', { file: this.reader.source.name, what, offset });
  }
}

function header(field: number, wireType: WireType, value: number): Uint8Array {
  const out: number[] = [];
  pushVarint(out, field * 8 + wireType);
  pushVarint(out, value);
  return Uint8Array.from(out);
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
