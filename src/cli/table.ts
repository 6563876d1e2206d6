// Aligned columns for text of any script: widths are counted in terminal columns, in which Chinese takes two.

import stringWidth from 'string-width';
import type { Look } from './terminal';
import { printable } from './terminal';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** A column that may be shortened, from its front, where the lines would be too long for the terminal. */
  readonly shrink?: boolean;
  /** A column that may go where the shrunk lines are still too long; the highest number goes first. */
  readonly drop?: number;
}

/** Columns between two cells. */
const GAP = '  ';
/** A name shortened further says nothing. */
const SHORTEST = 12;

/** Rows under a heading, one string a line; a row shorter than the columns ends early. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], look: Look): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(cell).replace(/\n/g, ' ')));
  const widths = columns.map(({ title }, index) => Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[index] ?? ''))));
  const dropped = droppedColumn(columns, widths, look.width);
  if (dropped !== undefined) return renderTable(without(columns, dropped), rows.map((row) => without(row, dropped)), look);
  const room = look.width - GAP.length * (columns.length - 1);
  const shrinking = columns.findIndex(({ shrink }) => shrink === true);
  if (shrinking >= 0) {
    const others = widths.reduce((sum, width, index) => (index === shrinking ? sum : sum + width), 0);
    widths[shrinking] = Math.min(widths[shrinking] ?? 0, Math.max(SHORTEST, room - others));
  }
  const line = (row: readonly string[]): string => columns
    .map(({ align }, index) => pad(shorten(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, align))
    .join(GAP).trimEnd();
  return [look.style('bold', line(columns.map(({ title }) => title))), ...cells.map(line)];
}

/** Index of the column that has to go, if the lines do not fit with the shrinking column at its shortest. */
function droppedColumn(columns: readonly Column[], widths: readonly number[], width: number): number | undefined {
  const least = widths.reduce((sum, wide, index) => sum + (columns[index]?.shrink === true ? Math.min(wide, SHORTEST) : wide), GAP.length * (columns.length - 1));
  if (least <= width) return undefined;
  const droppable = columns.flatMap(({ drop }, index) => (drop === undefined ? [] : [{ drop, index }]));
  return droppable.sort((a, b) => b.drop - a.drop)[0]?.index;
}

function without<T>(list: readonly T[], index: number): readonly T[] {
  return list.filter((_, place) => place !== index);
}

/** Label and value, one pair a line. */
export function renderPairs(pairs: readonly (readonly [string, string])[], look: Look): string[] {
  const width = Math.max(0, ...pairs.map(([label]) => stringWidth(label)));
  return pairs.map(([label, value]) => `${look.style('dim', pad(label, width))}${GAP}${printable(value)}`.trimEnd());
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** The end of a name tells layers apart, so the front gives way. */
function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && stringWidth(characters.join('')) > width - 1) characters.shift();
  return `…${characters.join('')}`;
}
