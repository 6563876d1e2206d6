// csv and tsv. csv follows RFC 4180 (double quotes, doubled inside); tsv has no quoting, as in the IANA registration and
// in the GLUE files.

import { EngineError } from '../../error';
import type { SplitDescription } from '../description';
import { type Rows, indexRows } from '../rows';
import { type FormatOpener, type OpenContext, splitPath } from './context';
import { type CellTable, tableColumns } from './table';

export const openDelimited: FormatOpener = async (context, split, place) => {
  const path = splitPath(context, split, place);
  const format = context.description.format === 'tsv' ? 'tsv' : 'csv';
  const rows = await context.shared.once(path, 'rows', async () => indexRows(await context.shared.source(path), format === 'csv'));
  if (rows.count === 0) throw new EngineError('dataUnreadable', { file: path, format, reason: 'it has no rows' });
  return tableColumns(context, await delimitedTable(rows, format, hasHeader(context, split)), split, place);
};

/** Without `header`: a file whose columns are called by name has one. */
function hasHeader(context: OpenContext, split: SplitDescription): boolean {
  if (context.description.header !== undefined) return context.description.header;
  const { inputs, labels } = split;
  const called = typeof inputs === 'object' ? Object.values(inputs) : [inputs];
  return [...called, labels].some((name) => typeof name === 'string');
}

async function delimitedTable(rows: Rows, format: 'csv' | 'tsv', header: boolean): Promise<CellTable> {
  const split = format === 'csv' ? splitCsv : splitTsv;
  const [first = ''] = await rows.read([0]);
  const names = split(first);
  const skipped = header ? 1 : 0;
  return {
    name: rows.name,
    format,
    columns: header ? names : names.map((_, index) => String(index)),
    rows: rows.count - skipped,
    async cells(column, indices) {
      const texts = await rows.read(indices.map((index) => index + skipped));
      return texts.map((text, position) => {
        const cells = split(text);
        const cell = cells[column];
        if (cell !== undefined) return cell;
        const reason = `row ${indices[position] ?? 0} has ${cells.length} columns, the first has ${names.length}`;
        throw new EngineError('dataUnreadable', { file: rows.name, format, reason });
      });
    },
  };
}

function splitTsv(row: string): string[] {
  return row.split('\t');
}

/** Cells of one row; the comma inside quotes belongs to the cell. */
export function splitCsv(row: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (row[at] === '"') {
      let cell = '';
      at += 1;
      for (;;) {
        const quote = row.indexOf('"', at);
        const end = quote < 0 ? row.length : quote;
        cell += row.slice(at, end);
        at = end + 1;
        if (row[at] !== '"') break;
        cell += '"';
        at += 1;
      }
      cells.push(cell);
      at = row.indexOf(',', at);
      if (at < 0) return cells;
    } else {
      const comma = row.indexOf(',', at);
      cells.push(row.slice(at, comma < 0 ? row.length : comma));
      if (comma < 0) return cells;
      at = comma;
    }
    at += 1;
  }
}
