// Reads the structure of a serialized ModelProto without its weights: a skeleton (small protobuf bytes in which each
// tensor payload is replaced by a marker) and the list of payloads. Every length and every field's form is checked, and
// the structure's size bounded, before anything is built from it.

import { EngineError } from '../error';
import type { ByteSource } from '../ports';
import type { TensorData } from './model';
import { type FieldLayout, MARKER_FIELD, type MessageLayout, modelLayout } from './payloads';
import { fieldHeader, WireReader, WireType } from './wire';

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
const MAX_SKELETON_BYTES = 1 << 28;
/**
 * Most fields that a structure may have. Each becomes a record of some 50 to 100 bytes in memory: files made of tiny fields
 * would take a hundred times their size. A node with its edges and attributes has 15 to 30, so that this holds for graphs
 * of 200,000 nodes.
 */
export const MAX_FIELDS = 6_000_000;
/** What a number in a list counts: the lists of tree ensembles have millions, and take 8 to 32 bytes each. */
const LIST_NUMBER = 0.5;

export async function scanModel(source: ByteSource): Promise<Skeleton> {
  return new Scan(source).run();
}

/** A message that is being read. Frames are on a list of their own: the file decides how deep they go. */
interface Frame {
  readonly layout: MessageLayout;
  readonly end: number;
  /** Where the field that holds the message begins, and its number. */
  readonly fieldStart: number;
  readonly field: number;
  readonly pieces: Uint8Array[];
  length: number;
  /** False while the message is a plain copy of the file. */
  changed: boolean;
  copiedTo: number;
  /** Fields seen, and whether the required one was among them. */
  fields: number;
  isWhole: boolean;
}

class Scan {
  private readonly payloads: TensorData[] = [];
  private readonly reader: WireReader;
  private copied = 0;
  private fields = 0;

  constructor(source: ByteSource) {
    this.reader = new WireReader(source);
  }

  async run(): Promise<Skeleton> {
    const { reader } = this;
    const outermost = open(modelLayout, 0, 0, reader.source.size, 0);
    const stack = [outermost];
    let at = 0;
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (at === frame.end) {
        stack.pop();
        await this.close(frame, stack.at(-1));
        continue;
      }
      const fieldStart = at;
      const { layout, end } = frame;
      if (!reader.holdsVarint(at, end)) await reader.moveTo(at);
      const tag = reader.varint(at, end, layout.name);
      at = reader.next;
      const field = Math.floor(tag / 8);
      const wireType: WireType = tag % 8;
      const known = layout.fields.get(field);
      this.check(layout, field, known, wireType, fieldStart);
      frame.fields += 1;
      if (frame.fields > layout.most) throw this.corrupt(`${layout.name} has more than ${layout.most} fields`, fieldStart);
      if (field === layout.required?.number) frame.isWhole = true;
      if (!reader.holdsVarint(at, end)) await reader.moveTo(at);
      if (wireType !== WireType.LengthDelimited) {
        at = this.skip(wireType, at, end, layout.name);
        continue;
      }
      const size = reader.varint(at, end, layout.name);
      at = reader.next;
      if (size > end - at) throw reader.cut(`${layout.name}, field ${field}`, at, size, end);
      if (known?.child !== undefined) {
        if (stack.length > MAX_DEPTH) throw this.corrupt(`${known.child.name} is nested more than ${MAX_DEPTH} deep`, fieldStart);
        stack.push(open(known.child, fieldStart, field, at + size, at));
        continue;
      }
      if (known?.payload !== undefined) {
        await this.copyUpTo(frame, fieldStart);
        push(frame, fieldHeader(MARKER_FIELD, WireType.Varint, this.payloads.length));
        this.payloads.push({ encoding: known.payload, at: await this.payload(at, size) });
        frame.changed = true;
        frame.copiedTo = at + size;
      } else if (known !== undefined && known.wire !== WireType.LengthDelimited) {
        // A packed list: a varint has at least one byte, a float four.
        this.count(LIST_NUMBER * (known.wire === WireType.Varint ? size : size / 4), fieldStart);
      }
      at += size;
    }
    return { bytes: join(outermost.pieces, outermost.length), payloads: this.payloads };
  }

  /** A message has ended: where it changed, its holder writes it anew; where not, the holder copies it with the rest. */
  private async close(frame: Frame, holder: Frame | undefined): Promise<void> {
    if (!frame.isWhole) throw this.corrupt(`${frame.layout.name} lacks its ${frame.layout.required?.name ?? 'content'}`, frame.fieldStart);
    if (frame.changed || holder === undefined) await this.copyUpTo(frame, frame.end);
    if (!frame.changed || holder === undefined) return;
    await this.copyUpTo(holder, frame.fieldStart);
    push(holder, fieldHeader(frame.field, WireType.LengthDelimited, frame.length));
    for (const piece of frame.pieces) push(holder, piece);
    holder.changed = true;
    holder.copiedTo = frame.end;
  }

  /** A field in a form that onnx.proto does not give it would be misread further on. */
  private check(layout: MessageLayout, field: number, known: FieldLayout | undefined, wireType: WireType, at: number): void {
    this.count(known?.repeated === true && known.wire !== WireType.LengthDelimited ? LIST_NUMBER : 1, at);
    // 2^29 - 1 is the largest field number of protobuf.
    if (field === 0 || field >= 2 ** 29) throw this.corrupt(`${layout.name} has a field with number ${field}`, at);
    if (layout.isTensor && field === MARKER_FIELD) throw this.corrupt(`${layout.name} has the reserved field ${field}`, at);
    if (known === undefined || wireType === known.wire) return;
    const packed = known.repeated && wireType === WireType.LengthDelimited && known.child === undefined;
    if (!packed) throw this.corrupt(`${layout.name} has field ${field} with the wire type ${wireType} instead of ${known.wire}`, at);
  }

  private count(fields: number, at: number): void {
    this.fields += fields;
    if (this.fields > MAX_FIELDS) throw new EngineError('modelTooComplex', { file: this.reader.source.name, limit: MAX_FIELDS, offset: at });
  }

  private async payload(offset: number, length: number): Promise<TensorData['at']> {
    if (length >= INLINE_BYTES) return { source: this.reader.source, offset, length };
    return { bytes: await this.reader.bytes(offset, length) };
  }

  private async copyUpTo(frame: Frame, offset: number): Promise<void> {
    const length = offset - frame.copiedTo;
    if (length <= 0) return;
    this.copied += length;
    if (this.copied > MAX_SKELETON_BYTES) throw this.corrupt(`the structure alone is larger than ${MAX_SKELETON_BYTES} bytes`, offset);
    push(frame, await this.reader.bytes(frame.copiedTo, length));
  }

  private skip(wireType: WireType, at: number, end: number, what: string): number {
    switch (wireType) {
      case WireType.Varint:
        this.reader.varint(at, end, what);
        return this.reader.next;
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

function open(layout: MessageLayout, fieldStart: number, field: number, end: number, start: number): Frame {
  return { layout, end, fieldStart, field, pieces: [], length: 0, changed: false, copiedTo: start, fields: 0, isWhole: layout.required === undefined };
}

function push(frame: Frame, bytes: Uint8Array): void {
  frame.pieces.push(bytes);
  frame.length += bytes.length;
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
