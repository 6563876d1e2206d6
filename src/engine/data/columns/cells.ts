// Cells of tables (csv, tsv, jsonl, parquet) as stored samples and as labels, whatever the table's format.

import { EngineError } from '../../error';
import type { NdArray } from '../../ports';
import type { Label } from '../dataset';
import { quoted } from '../schemaCheck';

/** A number, a list of numbers (nested lists give the shape) or a text; throws `dataUnreadable` naming the row. */
export function cellSample(cell: unknown, asText: boolean, place: CellPlace): NdArray | string {
  if (asText) {
    if (typeof cell === 'string') return cell;
    throw unreadable(place, `${quoted(cell)} is not a text`);
  }
  return numbersOf([cell], place);
}

/** Several cells of a row as one vector. */
export function numbersOf(cells: readonly unknown[], place: CellPlace): NdArray {
  if (cells.length === 1 && isList(cells[0])) return nested(cells[0], place);
  return { type: 'float32', dims: [cells.length], data: Float32Array.from(cells, (cell) => numberOf(cell, place)) };
}

/**
 * A label: a class index where `classes` knows the word, a number where the cell is one, a list of numbers, or the text.
 */
export function cellLabel(cell: unknown, classes: readonly string[] | undefined, place: CellPlace): Label {
  if (typeof cell === 'bigint' || typeof cell === 'number') return Number(cell);
  if (typeof cell === 'boolean') return Number(cell);
  if (isList(cell)) return Array.from(cell, (entry) => numberOf(entry, place));
  if (typeof cell !== 'string') throw unreadable(place, `${quoted(cell)} is not a label`);
  const index = classes?.indexOf(cell) ?? -1;
  if (index >= 0) return index;
  const number = Number(cell);
  return cell.trim() !== '' && Number.isFinite(number) ? number : cell;
}

export interface CellPlace {
  readonly file: string;
  readonly format: string;
  /** Row from 0, without the header. */
  readonly row: number;
}

function numberOf(cell: unknown, place: CellPlace): number {
  const number = typeof cell === 'string' && cell.trim() === '' ? NaN : Number(cell);
  if (typeof cell === 'object' || Number.isNaN(number)) throw unreadable(place, `${quoted(cell)} is not a number`);
  return number;
}

function nested(list: ArrayLike<unknown>, place: CellPlace): NdArray {
  const dims: number[] = [];
  for (let level: unknown = list; isList(level); level = level[0]) dims.push(level.length);
  const data = new Float32Array(dims.reduce((product, dimension) => product * dimension, 1));
  let at = 0;
  const fill = (level: unknown, depth: number): void => {
    if (depth === dims.length) {
      data[at] = numberOf(level, place);
      at += 1;
      return;
    }
    if (!isList(level) || level.length !== dims[depth]) throw unreadable(place, 'its lists have different lengths');
    for (let index = 0; index < level.length; index += 1) fill(level[index], depth + 1);
  };
  fill(list, 0);
  return { type: 'float32', dims, data };
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

export function unreadable({ file, format, row }: CellPlace, reason: string): EngineError {
  return new EngineError('dataUnreadable', { file, format, reason: `row ${row}: ${reason}` });
}
