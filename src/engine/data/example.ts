// The JSON that an error shows when data cannot be recognised: what to write, as near to the user's files as can be told.

import type { DataDescription } from './description';

export function exampleOfImages(path: string): string {
  return written({
    version: 1, format: 'imageFolder', path,
    splits: { train: { folder: 'train' }, test: { folder: 'test' } },
    input: { layout: 'CHW', channels: 'RGB', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    metric: 'top1',
  });
}

export function exampleOfArrays(path: string, names: readonly string[]): string {
  const [inputs = 'x', labels = 'y'] = names;
  return written({ version: 1, format: 'npz', path, splits: { train: { inputs, labels, take: [0, 1000] }, test: { inputs, labels, take: [1000, 2000] } }, metric: 'top1' });
}

export function exampleOfTable(path: string, format: 'csv' | 'tsv' | 'jsonl' | 'parquet', columns: readonly string[]): string {
  const labels = columns.at(-1) ?? 'label';
  const inputs = columns.length > 2 ? columns.slice(0, -1) : (columns[0] ?? 'input');
  return written({
    version: 1, format, path, ...(format === 'csv' || format === 'tsv' ? { header: true } : {}),
    splits: { train: { inputs, labels, take: [0, 1000] }, test: { inputs, labels, take: [1000, 2000] } }, metric: 'top1',
  });
}

function written(description: DataDescription): string {
  return JSON.stringify(description, null, 2);
}
