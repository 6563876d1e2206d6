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
const MAX_VARINT_BYTES = 10;

export class WireReader {
  private window = new Uint8Array(0);
  private windowStart = 0;

  constructor(readonly source: ByteSource) {}

  /** Bytes `offset` to `offset + length`, through the window when they are few. The result must not be changed. */
  async bytes(offset: number, length: number): Promise<Uint8Array> {
    if (length > WINDOW) return this.source.read(offset, length);
    await this.fill(offset, length);
    return this.window.subarray(offset - this.windowStart, offset - this.windowStart + length);
  }

  /** The varint at `offset` as a number (exact below 2^53) and the offset behind it. `end` bounds it. */
  async varint(offset: number, end: number, what: string): Promise<{ readonly value: number; readonly next: number }> {
    await this.fill(offset, Math.min(MAX_VARINT_BYTES, end - offset));
    let value = 0;
    let scale = 1;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      if (offset + index >= end) throw this.cut(what, offset, index + 1, end);
      const byte = this.window[offset + index - this.windowStart] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return { value, next: offset + index + 1 };
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

  private async fill(offset: number, length: number): Promise<void> {
    if (offset >= this.windowStart && offset + length <= this.windowStart + this.window.length) return;
    const size = Math.min(Math.max(length, WINDOW), this.source.size - offset);
    this.window = (await this.source.read(offset, size)) as Uint8Array<ArrayBuffer>;
    this.windowStart = offset;
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

export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
