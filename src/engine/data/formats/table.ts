// A table as the splits see it: named columns whose cells are read by row. csv, tsv, jsonl and parquet each make one of
// these; which columns are inputs and which is the label is decided here, once for all of them.

import type { SessionValue } from '../../ports';
import { type Column, type LabelColumn, type SplitColumns } from '../columns/column';
import { cellLabel, cellSample, numbersOf, unreadable } from '../columns/cells';
import { imageColumn } from '../columns/imageColumn';
import type { SplitDescription } from '../description';
import { type OpenContext, noSuchName } from './context';

export interface CellTable {
  readonly name: string;
  /** For messages. */
  readonly format: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly classes?: readonly string[];
  /** Columns that hold encoded images. */
  readonly images?: ReadonlySet<number>;
  /** Cells of one column at any rows. */
  cells(column: number, rows: readonly number[]): Promise<readonly unknown[]>;
}

export function tableColumns(context: OpenContext, table: CellTable, split: SplitDescription, place: string): SplitColumns {
  const classes = context.description.classes ?? table.classes;
  const at = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const label = split.labels === undefined ? undefined : columnIndex(context, table, split.labels, at('labels'));
  const inputs = new Map<string, Column>();
  const column = (named: readonly (string | number)[], path: string): Column =>
    inputColumn(context, table, named.map((name) => columnIndex(context, table, name, path)));
  const described = split.inputs;
  if (Array.isArray(described)) inputs.set('', column(described, at('inputs')));
  else if (typeof described === 'object') for (const [input, name] of Object.entries(described)) inputs.set(input, column([name], at(`inputs.${input}`)));
  else if (described !== undefined) inputs.set('', column([described], at('inputs')));
  else for (const [input, indices] of impliedInputs(context, table, label, at('inputs'))) inputs.set(input, inputColumn(context, table, indices));
  return {
    inputs,
    ...(label === undefined ? {} : { labels: labelColumn(table, label, classes) }),
    ...(classes === undefined ? {} : { classes }),
  };
}

function columnIndex(context: OpenContext, table: CellTable, name: string | number, path: string): number {
  const index = typeof name === 'number' ? name : table.columns.indexOf(name);
  if (index < 0 || index >= table.columns.length) throw noSuchName(context, path, name, table.columns);
  return index;
}

/** Without `inputs`: columns named as the model's inputs, or else all but the label as one vector. */
function impliedInputs(context: OpenContext, table: CellTable, label: number | undefined, path: string): [string, number[]][] {
  const named = context.inputs
    .map(({ name }): [string, number[]] => [name, [table.columns.indexOf(name)]])
    .filter(([, [index = -1]]) => index >= 0);
  if (named.length > 0) return named;
  const rest = table.columns.map((_, index) => index).filter((index) => index !== label);
  if (context.inputs.length !== 1 || rest.length === 0) throw noSuchName(context, path, 'inputs', table.columns);
  return [['', rest]];
}

function inputColumn(context: OpenContext, table: CellTable, indices: readonly number[]): Column {
  const text = context.description.tokenizer !== undefined || wantsText(context.inputs);
  const [only = 0, ...more] = indices;
  if (more.length === 0 && table.images?.has(only) === true) return imageCells(context, table, only);
  return {
    size: table.rows,
    async read(rows) {
      const cells = await Promise.all(indices.map((index) => table.cells(index, rows)));
      return rows.map((row, position) => {
        const where = { file: table.name, format: table.format, row };
        if (more.length === 0) return cellSample(cells[0]?.[position], text, where);
        return numbersOf(cells.map((column) => column[position]), where);
      });
    },
  };
}

function imageCells(context: OpenContext, table: CellTable, index: number): Column {
  return imageColumn(table.rows, context.decoders, async (rows) => {
    const cells = await table.cells(index, rows);
    return cells.map((cell, position) => {
      const bytes = imageBytes(cell);
      const row = rows[position] ?? 0;
      if (bytes === undefined) throw unreadable({ file: table.name, format: table.format, row }, 'it holds no image bytes');
      return { name: `${table.name} row ${row}`, bytes };
    });
  });
}

/** The bytes of an image cell: bytes alone, or the Hugging Face hub's `{bytes, path}`. */
export function imageBytes(cell: unknown): Uint8Array | undefined {
  if (cell instanceof Uint8Array) return cell;
  const bytes: unknown = typeof cell === 'object' && cell !== null && 'bytes' in cell ? cell.bytes : undefined;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

function labelColumn(table: CellTable, index: number, classes: readonly string[] | undefined): LabelColumn {
  return {
    size: table.rows,
    async read(rows) {
      const cells = await table.cells(index, rows);
      return rows.map((row, position) => cellLabel(cells[position], classes, { file: table.name, format: table.format, row }));
    },
  };
}

function wantsText(inputs: readonly SessionValue[]): boolean {
  return inputs.every(({ type }) => type === 'string');
}
