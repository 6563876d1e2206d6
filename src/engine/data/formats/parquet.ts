// Parquet as on the Hugging Face hub: images as `{bytes, path}`, texts, numbers, lists; labels as integers whose names
// stand in the file's metadata.

import { EngineError } from '../../error';
import type { Table } from '../../ports';
import { runsOf } from '../columns/column';
import { type FormatOpener, splitPath } from './context';
import { type CellTable, imageBytes, tableColumns } from './table';

export const openParquet: FormatOpener = async (context, split, place) => {
  const path = splitPath(context, split, place);
  const table = await context.shared.once(path, 'parquet', async () => context.decoders.parquet(await context.shared.source(path)));
  if (table.rows === 0) throw new EngineError('dataUnreadable', { file: path, format: 'parquet', reason: 'it has no rows' });
  const images = new Set<number>();
  for (const [index, column] of table.columns.entries()) {
    const [first] = await table.read(column, 0, 1);
    if (imageBytes(first) !== undefined) images.add(index);
  }
  const labels = typeof split.labels === 'string' ? hubClasses(table, split.labels) : undefined;
  const cells: CellTable = {
    name: path,
    format: 'parquet',
    columns: table.columns,
    rows: table.rows,
    images,
    ...(labels === undefined ? {} : { classes: labels }),
    cells: (column, rows) => readCells(table, table.columns[column] ?? '', rows),
  };
  return tableColumns(context, cells, split, place);
};

async function readCells(table: Table, column: string, rows: readonly number[]): Promise<readonly unknown[]> {
  const cells: unknown[] = [];
  for (const [, first, count] of runsOf(rows)) cells.push(...await table.read(column, first, first + count));
  return cells;
}

/** Names of a `ClassLabel` column from the metadata that the `datasets` library writes. */
function hubClasses(table: Table, column: string): readonly string[] | undefined {
  const text = table.metadata['huggingface'];
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as { readonly info?: { readonly features?: Readonly<Record<string, { readonly names?: readonly string[] }>> } };
  return known.info?.features?.[column]?.names;
}
