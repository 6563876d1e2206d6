// NumPy's .npy: one array in a file (format description: numpy.lib.format, versions 1.0 to 3.0).

import { EngineError } from '../../error';
import { type DataType, bytesOf } from '../../ir/dataTypes';
import type { ByteSource } from '../../ports';
import { type StoredArray, arrayLabels } from '../columns/arrayColumn';
import { splitInputs } from './arrays';
import { type FormatOpener, namedPath, noSuchName, splitPath } from './context';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** Magic, version (2) and, in version 1, the header's length (2); versions 2 and 3 use 4 bytes for it. */
const PREFIX = 12;
/** NumPy pads headers to 64 bytes and keeps them short; a longer one is no array of numbers. */
const LONGEST_HEADER = 65_536;

const types: Readonly<Record<string, DataType>> = {
  b1: 'bool', u1: 'uint8', i1: 'int8', u2: 'uint16', i2: 'int16', u4: 'uint32', i4: 'int32', u8: 'uint64', i8: 'int64',
  f2: 'float16', f4: 'float32', f8: 'float64',
};

/** Reads the header; throws `dataUnreadable` for what is not an array of numbers in C order. */
export async function readNpy(source: ByteSource): Promise<StoredArray> {
  const unreadable = (reason: string): EngineError => new EngineError('dataUnreadable', { file: source.name, format: 'npy', reason });
  const prefix = await source.read(0, Math.min(PREFIX, source.size));
  if (prefix.length < PREFIX || MAGIC.some((byte, index) => prefix[index] !== byte)) throw unreadable('it does not begin with \\x93NUMPY');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const long = (prefix[6] ?? 0) >= 2;
  const start = long ? 12 : 10;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > LONGEST_HEADER || start + length > source.size) throw unreadable('its header is cut off');
  const header = new TextDecoder().decode(await source.read(start, length));
  const descr = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(header);
  const shape = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descr === null || shape === undefined) throw unreadable('it holds records or objects, not an array of numbers');
  const type = types[descr[2] ?? ''];
  if (type === undefined) throw unreadable(`its element type ${descr[1] ?? ''}${descr[2] ?? ''} is not a number`);
  const dims = shape.split(',').map((part) => part.trim()).filter((part) => part !== '').map(Number);
  if (/'fortran_order'\s*:\s*True/.test(header) && dims.filter((dimension) => dimension > 1).length > 1) {
    throw unreadable('it is in Fortran order; save it with numpy.ascontiguousarray');
  }
  const wanted = start + length + bytesOf(type, dims.reduce((product, dimension) => product * dimension, 1));
  if (source.size < wanted) throw unreadable(`it ends after ${source.size} of ${wanted} bytes`);
  return { source, type, dims, offset: start + length, bigEndian: descr[1] === '>' };
}

/** `inputs` and `labels` of a split are .npy files; without `inputs`, `path` is the file. */
export const openNpy: FormatOpener = async (context, split, place) => {
  const open = async (path: string): Promise<StoredArray> => readNpy(await context.shared.source(path));
  const inputs = await splitInputs(context, split, place, async (name, at) => {
    if (typeof name === 'number') throw noSuchName(context, at, name, []);
    return open(name === undefined ? splitPath(context, split, place) : await namedPath(context, split, name));
  });
  if (split.labels === undefined) return { inputs };
  return { inputs, labels: arrayLabels(await open(await namedPath(context, split, String(split.labels)))) };
};
