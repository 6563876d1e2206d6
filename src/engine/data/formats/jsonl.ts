// One JSON object a line; its keys are the columns.

import { EngineError, errorMessage } from '../../error';
import { quoted } from '../schemaCheck';
import { indexRows } from '../rows';
import { type FormatOpener, splitPath } from './context';
import { tableColumns } from './table';

export const openJsonl: FormatOpener = async (context, split, place) => {
  const path = splitPath(context, split, place);
  const rows = await context.shared.once(path, 'rows', async () => indexRows(await context.shared.source(path), false));
  const [first] = await rows.read(rows.count > 0 ? [0] : []);
  if (first === undefined) throw new EngineError('dataUnreadable', { file: path, format: 'jsonl', reason: 'it has no rows' });
  const columns = Object.keys(parseRow(first, path, 0));
  const table = {
    name: path,
    format: 'jsonl',
    columns,
    rows: rows.count,
    async cells(column: number, indices: readonly number[]) {
      const key = columns[column] ?? '';
      const texts = await rows.read(indices);
      return texts.map((text, position) => {
        const row = indices[position] ?? 0;
        const cell = parseRow(text, path, row)[key];
        if (cell === undefined) throw new EngineError('dataUnreadable', { file: path, format: 'jsonl', reason: `row ${row} has no ${quoted(key)}` });
        return cell;
      });
    },
  };
  return tableColumns(context, table, split, place);
};

function parseRow(text: string, file: string, row: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError('dataUnreadable', { file, format: 'jsonl', reason: `row ${row}: ${errorMessage(error)}` });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new EngineError('dataUnreadable', { file, format: 'jsonl', reason: `row ${row}: ${quoted(value)} is not an object` });
}
