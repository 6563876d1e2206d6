// Protobuf wire format over a byte source: tags, varints and lengths through a small window, so that walking a file
// of many GB reads only its structure. Knows nothing of ONNX.

import { EngineError } from '../error';
import type { ByteSource } from '../ports';

export const enum WireType {
  Varint = 0,
  Fixed64 = 1,
  LengthDelimited = 2,
  StartGroup = 3,
  EndGroup = 4,
  Fixed32 = 5,
}

/** Bytes read ahead. Larger costs time where payloads are skipped, smaller where structure is dense. */
const WINDOW = 1 << 16;
/** A varint of 64 bits has at most ten bytes (protobuf encoding specification). */
export const MAX_VARINT_BYTES = 10;

export class WireReader {
  /** Offset behind the varint that was read last. */
  next = 0;
  private window = new Uint8Array(0);
  private windowStart = 0;

  constructor(readonly source: ByteSource) {}

  /** Bytes `offset` to `offset + length`, copied. */
  async bytes(offset: number, length: number): Promise<Uint8Array> {
    // The window stays where it is: what is asked for lies behind the place that is being read, or is larger than it.
    if (!this.holds(offset, length)) return this.source.read(offset, length);
    // Not `slice`: that of a Buffer copies nothing, and the window would stay in memory.
    return new Uint8Array(this.window.subarray(offset - this.windowStart, offset - this.windowStart + length));
  }

  /** Whether a varint at `offset`, bounded by `end`, can be read without going to the source. */
  holdsVarint(offset: number, end: number): boolean {
    return this.holds(offset, Math.min(MAX_VARINT_BYTES, end - offset));
  }

  /** Moves the window to `offset`. */
  async moveTo(offset: number): Promise<void> {
    this.window = (await this.source.read(offset, Math.min(WINDOW, this.source.size - offset))) as Uint8Array<ArrayBuffer>;
    this.windowStart = offset;
  }

  /** The varint at `offset`, in the window, as a number (exact below 2^53); `next` is behind it. `end` bounds it. */
  varint(offset: number, end: number, what: string): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      if (offset + index >= end) throw this.cut(what, offset, index + 1, end);
      const byte = this.window[offset + index - this.windowStart] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.next = offset + index + 1;
        return value;
      }
      scale *= 128;
    }
    throw new EngineError('corruptModel', { file: this.source.name, what: `${what}: a number has more than ten bytes`, offset });
  }

  /** Something at `offset` wants `wanted` bytes but its surroundings end at `end`. */
  cut(what: string, offset: number, wanted: number, end: number): EngineError {
    const file = this.source.name;
    return end >= this.source.size
      ? new EngineError('truncatedModel', { file, what, offset, wanted, left: end - offset })
      : new EngineError('corruptModel', { file, what: `${what} (${wanted} bytes) is longer than what holds it`, offset });
  }

  private holds(offset: number, length: number): boolean {
    return offset >= this.windowStart && offset + length <= this.windowStart + this.window.length;
  }
}

/** Appends a varint of a non-negative safe integer to `out`. */
export function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

/** A field's tag and the varint behind it: a length, or the value itself. */
export function fieldHeader(field: number, wireType: WireType, value: number): Uint8Array {
  const out: number[] = [];
  pushVarint(out, field * 8 + wireType);
  pushVarint(out, value);
  return Uint8Array.from(out);
}
