// Rows of a text file found once and read by range afterwards, so that a table of any size can be read in batches.

import type { ByteSource } from '../ports';
import { runsOf } from './columns/column';

const CHUNK = 2 ** 20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export interface Rows {
  readonly name: string;
  readonly count: number;
  /** Text of rows, without line ends. */
  read(indices: readonly number[]): Promise<readonly string[]>;
}

/** `quotes`: a line end inside double quotes does not end a row (RFC 4180). Empty rows are left out. */
export async function indexRows(source: ByteSource, quotes: boolean): Promise<Rows> {
  const bounds: number[] = [];
  let start = 0;
  let inside = false;
  let blank = true;
  const head = await source.read(0, Math.min(BYTE_ORDER_MARK.length, source.size));
  if (BYTE_ORDER_MARK.every((byte, index) => head[index] === byte)) start = BYTE_ORDER_MARK.length;
  for (let offset = start; offset < source.size; offset += CHUNK) {
    const chunk = await source.read(offset, Math.min(CHUNK, source.size - offset));
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (quotes && byte === QUOTE) inside = !inside;
      if (byte === NEWLINE && !inside) {
        if (!blank) bounds.push(start, offset + index);
        start = offset + index + 1;
        blank = true;
      } else if (byte !== RETURN) blank = false;
    }
  }
  if (!blank) bounds.push(start, source.size);

  const decoder = new TextDecoder();
  return {
    name: source.name,
    count: bounds.length / 2,
    async read(indices) {
      const rows: string[] = [];
      for (const [, first, count] of runsOf(indices)) {
        const from = bounds[2 * first] ?? 0;
        const bytes = await source.read(from, (bounds[2 * (first + count) - 1] ?? from) - from);
        for (let row = first; row < first + count; row += 1) {
          rows.push(decoder.decode(bytes.subarray((bounds[2 * row] ?? 0) - from, (bounds[2 * row + 1] ?? 0) - from)).replace(/\r$/, ''));
        }
      }
      return rows;
    },
  };
}
