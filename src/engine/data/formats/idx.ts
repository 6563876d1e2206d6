// MNIST's idx: a big-endian header of type and dimensions, then the elements; plain, or as .gz unpacked once.

import { EngineError } from '../../error';
import { type DataType, bytesOf } from '../../ir/dataTypes';
import type { ByteSource } from '../../ports';
import { type StoredArray, arrayLabels } from '../columns/arrayColumn';
import { memorySource } from '../storage';
import { splitInputs } from './arrays';
import { type FormatOpener, type OpenContext, namedPath, noSuchName, splitPath } from './context';

/** Third byte of an idx file; https://yann.lecun.com/exdb/mnist, "the IDX file format". */
const types: Readonly<Record<number, DataType>> = { 0x08: 'uint8', 0x09: 'int8', 0x0b: 'int16', 0x0c: 'int32', 0x0d: 'float32', 0x0e: 'float64' };

export const openIdx: FormatOpener = async (context, split, place) => {
  const inputs = await splitInputs(context, split, place, async (name, at) => {
    if (typeof name === 'number') throw noSuchName(context, at, name, []);
    return openArray(context, name === undefined ? splitPath(context, split, place) : await namedPath(context, split, name));
  });
  if (split.labels === undefined) return { inputs };
  return { inputs, labels: arrayLabels(await openArray(context, await namedPath(context, split, String(split.labels)))) };
};

function openArray(context: OpenContext, path: string): Promise<StoredArray> {
  return context.shared.once(path, 'idx', async () => {
    const file = await context.shared.source(path);
    const [first = 0, second = 0] = await file.read(0, Math.min(2, file.size));
    const zipped = first === 0x1f && second === 0x8b;
    return readIdx(zipped ? memorySource(path, context.decoders.gunzip(await file.read(0, file.size), path)) : file);
  });
}

/** Reads the header; throws `dataUnreadable`. */
export async function readIdx(source: ByteSource): Promise<StoredArray> {
  const unreadable = (reason: string): EngineError => new EngineError('dataUnreadable', { file: source.name, format: 'idx', reason });
  const magic = await source.read(0, Math.min(4, source.size));
  const [zero0, zero1, typeCode = 0, rank = 0] = magic;
  const type = types[typeCode];
  if (magic.length < 4 || zero0 !== 0 || zero1 !== 0 || type === undefined || rank === 0) throw unreadable('it does not begin as an idx file');
  const offset = 4 + 4 * rank;
  if (source.size < offset) throw unreadable('its header is cut off');
  const header = await source.read(4, 4 * rank);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis));
  const wanted = offset + bytesOf(type, dims.reduce((product, dimension) => product * dimension, 1));
  if (source.size < wanted) throw unreadable(`it ends after ${source.size} of ${wanted} bytes`);
  return { source, type, dims, offset, bigEndian: true };
}
