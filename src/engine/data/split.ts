// A split made of columns: reads them, preprocesses, and puts batches together.

import { EngineError } from '../error';
import type { NdArray } from '../ports';
import { type Column, type LabelColumn, type SplitColumns, type Stored, slicedColumn, slicedLabels } from './columns/column';
import type { Batch, Split } from './dataset';
import type { SplitDescription } from './description';
import { type FillContext, type Wanted, fillersOf } from './fill';

/** Throws where inputs and labels differ in number, `take` reaches too far, or the columns do not fill the model. */
export function makeSplit(name: string, columns: SplitColumns, described: SplitDescription, wanted: Wanted, context: FillContext, place: string): Split {
  const { inputs, labels, size } = taken(columns, described, context.file, place);
  const fillers = fillersOf({ inputs }, wanted, context, place);

  const gather = async (indices: readonly number[]): Promise<Batch> => {
    const beyond = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= size);
    if (beyond !== undefined) throw new RangeError(`split "${name}" has ${size} samples, not one at ${beyond}`);
    const read = new Map<Column, readonly Stored[]>();
    const batches: Record<string, NdArray> = {};
    for (const filler of fillers) {
      const samples = read.get(filler.column) ?? await filler.column.read(indices);
      read.set(filler.column, samples);
      batches[filler.input] = filler.batch(samples);
    }
    return {
      inputs: batches,
      ...(labels === undefined ? {} : { labels: await labels.read(indices) }),
      start: indices[0] ?? 0,
      indices,
      size: indices.length,
    };
  };

  return {
    name,
    size,
    labelled: labels !== undefined,
    gather,
    read: (start, end) => gather(Array.from({ length: Math.max(0, Math.min(end, size) - start) }, (_, index) => start + index)),
  };
}

interface Taken {
  readonly inputs: ReadonlyMap<string, Column>;
  readonly labels?: LabelColumn;
  readonly size: number;
}

function taken(columns: SplitColumns, described: SplitDescription, file: string, place: string): Taken {
  const at = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const stored = Math.min(...[...columns.inputs.values()].map((column) => column.size));
  for (const [name, column] of columns.inputs) {
    if (column.size !== stored) throw new EngineError('dataDescription', { file, path: `${at('inputs')}.${name}`, problem: 'problem.lengths', inputs: column.size, labels: stored, allowed: 'allowed.oneEach' });
  }
  if (columns.labels !== undefined && columns.labels.size !== stored) {
    throw new EngineError('dataDescription', { file, path: at('labels'), problem: 'problem.lengths', inputs: stored, labels: columns.labels.size, allowed: 'allowed.oneEach' });
  }
  const [from, to] = described.take ?? [0, stored];
  if (to > stored) {
    throw new EngineError('dataDescription', { file, path: at('take'), problem: 'problem.takeBeyond', found: `[${from}, ${to}]`, size: stored, allowed: 'allowed.range' });
  }
  if (to === from) throw new EngineError('dataUnreadable', { file, format: 'data', reason: 'it holds no samples' });
  return {
    inputs: new Map([...columns.inputs].map(([name, column]) => [name, slicedColumn(column, from, to)])),
    ...(columns.labels === undefined ? {} : { labels: slicedLabels(columns.labels, from, to) }),
    size: to - from,
  };
}
