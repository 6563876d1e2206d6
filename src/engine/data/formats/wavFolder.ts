// A folder a class of .wav files: one channel of values in [-1, 1), at the rate they were recorded with.

import { EngineError } from '../../error';
import type { Column } from '../columns/column';
import { classFiles } from './classFolders';
import type { FormatOpener } from './context';

export const soundExtensions = ['.wav'] as const;

export const openWavFolder: FormatOpener = async (context, split, place) => {
  const { files, labels, classes } = await classFiles(context, split, place, soundExtensions);
  const column: Column = {
    size: files.length,
    read: (indices) => Promise.all(indices.map(async (index) => {
      const file = files[index];
      if (file === undefined) throw new RangeError(`no sound ${index}`);
      const data = decodeWav(await file.readBytes(), file.name);
      return { type: 'float32', dims: [data.length], data };
    })),
  };
  return {
    inputs: new Map([['', column]]),
    ...(labels === undefined ? {} : { labels }),
    ...(classes === undefined ? {} : { classes }),
  };
};

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * The samples of a RIFF/WAVE file (PCM of 8, 16, 24 or 32 bits, or 32-bit float) with one channel, integers divided by
 * 2^(bits - 1) as libsndfile does. Throws `dataUnreadable`.
 */
export function decodeWav(bytes: Uint8Array, file: string): Float32Array {
  const unreadable = (reason: string): EngineError => new EngineError('dataUnreadable', { file, format: 'wav', reason });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = (at: number): string => (at + 4 > bytes.length ? '' : String.fromCharCode(...bytes.subarray(at, at + 4)));
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw unreadable('it does not begin with RIFF and WAVE');
  let kind: number | undefined;
  let channels = 0;
  let bits = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === 'fmt ' && length >= 16 && body + 16 <= bytes.length) {
      kind = view.getUint16(body, true);
      channels = view.getUint16(body + 2, true);
      bits = view.getUint16(body + 14, true);
      // The sub-format's first two bytes are the kind (WAVEFORMATEXTENSIBLE).
      if (kind === EXTENSIBLE && length >= 26 && body + 26 <= bytes.length) kind = view.getUint16(body + 24, true);
    } else if (tag(at) === 'data') {
      if (kind === undefined) throw unreadable('its data come before their format');
      if (channels !== 1) throw unreadable(`it has ${channels} channels, one is wanted`);
      return samples(view, body, Math.min(length, bytes.length - body), kind, bits, unreadable);
    }
    // Chunks are padded to an even length.
    at = body + length + (length % 2);
  }
  throw unreadable('it holds no data');
}

function samples(view: DataView, from: number, length: number, kind: number, bits: number, unreadable: (reason: string) => EngineError): Float32Array {
  const width = bits / 8;
  const read = reader(view, kind, bits);
  if (read === undefined) throw unreadable(`its encoding ${kind} with ${bits} bits is not supported (PCM of 8, 16, 24, 32 bits, or 32-bit float)`);
  return Float32Array.from({ length: Math.floor(length / width) }, (_, index) => read(from + index * width));
}

function reader(view: DataView, kind: number, bits: number): ((at: number) => number) | undefined {
  if (kind === FLOAT && bits === 32) return (at) => view.getFloat32(at, true);
  if (kind !== PCM) return undefined;
  switch (bits) {
    case 8: return (at) => (view.getUint8(at) - 128) / 128;
    case 16: return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24: return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
    case 32: return (at) => view.getInt32(at, true) / 2 ** 31;
    default: return undefined;
  }
}
