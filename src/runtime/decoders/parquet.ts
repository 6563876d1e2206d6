// Reads parquet tables by range of rows (hyparquet, pure JavaScript; every codec of the format).

import { EngineError, errorMessage } from '../../engine/error';
import type { ByteSource, Table } from '../../engine/ports';

/** Throws `dataUnreadable`. */
export async function openParquet(source: ByteSource): Promise<Table> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = {
    byteLength: source.size,
    async slice(start: number, end = source.size): Promise<ArrayBuffer> {
      const bytes = await source.read(start, end - start);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    },
  };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new EngineError('dataUnreadable', { file: source.name, format: 'parquet', reason: errorMessage(error) }, { cause: error });
    }
  };
  const metadata = await guarded(() => parquetMetadataAsync(file));
  const root = metadata.schema[0];
  // Top-level columns: the children of the schema's root, each followed by its own children (depth first).
  const columns: string[] = [];
  for (let at = 1, left = root?.num_children ?? 0; left > 0 && at < metadata.schema.length; left -= 1) {
    columns.push(metadata.schema[at]?.name ?? '');
    for (let pending = 1; pending > 0 && at < metadata.schema.length; at += 1) pending += (metadata.schema[at]?.num_children ?? 0) - 1;
  }
  return {
    columns,
    rows: Number(metadata.num_rows),
    metadata: Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    read: (column, start, end) => guarded(async () => {
      // utf8 false keeps byte columns as bytes; texts carry their own type and are decoded all the same.
      const rows = await parquetReadObjects({ file, metadata, columns: [column], rowStart: start, rowEnd: end, compressors, utf8: false });
      return rows.map((row) => (row as Readonly<Record<string, unknown>>)[column]);
    }),
  };
}
