// Asks a teacher once a sample: its answers to unchanged samples are the same in every epoch.

import type { Batch } from '../data/dataset';
import type { NdArray, TypedArray } from '../ports';
import type { Teacher } from './training';

export type AskTeacher = (batch: Batch) => Promise<Readonly<Record<string, NdArray>>>;

/** Beyond this many bytes answers are asked for again: features of large data sets. */
const CACHE_BYTES = 256 * 2 ** 20;

/** Asks for `tensors` of every batch. */
export function asking(teacher: Teacher, tensors: readonly string[]): AskTeacher {
  return ({ inputs }) => teacher.run(inputs, tensors);
}

/** Keeps answers by sample index while they fit; only for batches that are not augmented or mixed. */
export function remembering(teacher: Teacher, tensors: readonly string[]): AskTeacher {
  const known = new Map<number, Readonly<Record<string, TypedArray>>>();
  let bytes = 0;
  let shapes: Readonly<Record<string, Pick<NdArray, 'type' | 'dims'>>> | undefined;
  return async ({ inputs, indices }) => {
    const rows = indices.map((index) => known.get(index));
    if (shapes !== undefined && rows.every((row) => row !== undefined)) return assembled(shapes, rows);
    const answers = await teacher.run(inputs, tensors);
    shapes = answers;
    for (const [sample, index] of indices.entries()) {
      if (known.has(index) || bytes > CACHE_BYTES) continue;
      const row = Object.fromEntries(Object.entries(answers).map(([tensor, array]) => {
        const data = array.data as TypedArray;
        const width = data.length / indices.length;
        return [tensor, data.slice(sample * width, (sample + 1) * width)];
      }));
      known.set(index, row);
      bytes += Object.values(row).reduce((sum, { byteLength }) => sum + byteLength, 0);
    }
    return answers;
  };
}

function assembled(shapes: Readonly<Record<string, Pick<NdArray, 'type' | 'dims'>>>, rows: readonly Readonly<Record<string, TypedArray>>[]): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(shapes).map(([tensor, { type, dims }]) => {
    const parts = rows.map((row) => row[tensor] as Float32Array);
    const width = parts[0]?.length ?? 0;
    const data = new (parts[0]?.constructor as Float32ArrayConstructor)(width * parts.length);
    parts.forEach((part, sample) => { data.set(part, sample * width); });
    return [tensor, { type, dims, data }];
  }));
}
