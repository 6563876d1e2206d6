// Files and decoders in memory, and tiny data files made on the spot.

import { zipSync } from 'fflate';
import { EngineError } from '../../../src/engine/error';
import type { Wanted } from '../../../src/engine/data/fill';
import { memorySource } from '../../../src/engine/data/storage';
import type { ByteSource, FileSystem, SessionValue } from '../../../src/engine/ports';
import { nodeDecoders } from '../../../src/runtime/decoders';

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A file system whose root is `/`; `opened` and `closed` count, so that a test can see what is left open. */
export function memoryFiles(files: Files): FileSystem & { readonly left: () => number; readonly bytesRead: () => number } {
  const resolve = (base: string, path: string): string => {
    const parts: string[] = [];
    for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.' && part !== '') parts.push(part);
    }
    return `/${parts.join('/')}`;
  };
  const names = Object.keys(files);
  const bytesOf = (path: string): Uint8Array | undefined => {
    const file = files[path];
    return typeof file === 'string' ? new TextEncoder().encode(file) : file;
  };
  let open = 0;
  let read = 0;
  return {
    left: () => open,
    bytesRead: () => read,
    open(path) {
      const bytes = bytesOf(resolve('/', path));
      if (bytes === undefined) return Promise.reject(new EngineError('fileNotFound', { file: path }));
      open += 1;
      const source = memorySource(path, bytes);
      const counted: ByteSource = {
        ...source,
        read: (offset, length) => { read += length; return source.read(offset, length); },
        close: () => { open -= 1; return Promise.resolve(); },
      };
      return Promise.resolve(counted);
    },
    openBeside: () => Promise.reject(new Error('not used')),
    stat(path) {
      const whole = resolve('/', path);
      const bytes = bytesOf(whole);
      if (bytes !== undefined) return Promise.resolve({ kind: 'file', size: bytes.length });
      const folder = names.some((name) => name.startsWith(whole === '/' ? '/' : `${whole}/`));
      return Promise.resolve({ kind: folder ? 'folder' : 'missing', size: 0 });
    },
    list(path) {
      const prefix = resolve('/', path) === '/' ? '/' : `${resolve('/', path)}/`;
      const inside = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
      const tops = [...new Set(inside.map((name) => name.split('/')[0] ?? ''))].filter((name) => name !== '').sort();
      return Promise.resolve(tops.map((name) => ({ name, kind: inside.includes(name) ? 'file' as const : 'folder' as const })));
    },
    resolve,
    dirname: (path) => resolve('/', `${path}/..`),
    basename: (path) => path.split('/').at(-1) ?? '',
  };
}

export function portsOf(files: Files) {
  return { files: memoryFiles(files), decoders: nodeDecoders };
}

export function wantedInput(shape: readonly (number | string)[], type: SessionValue['type'] = 'float32', name = 'input'): Wanted {
  return { inputs: [{ name, type, shape }], dims: {} };
}

/** An array in NumPy's format 1.0. `descr` as NumPy writes it, e.g. `<f4`. */
export function npy(descr: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const out = new Uint8Array(length + bytes.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - 10) & 0xff, (length - 10) >> 8]);
  out.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  out.set(bytes, length);
  return out;
}

/** A zip archive; level 0 stores, as `np.savez` does. */
export function zip(entries: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 6): Uint8Array {
  return zipSync({ ...entries }, { level });
}

/** A 24-bit bitmap from `[r, g, b]` pixels, row by row from the top. */
export function bmp(width: number, pixels: readonly (readonly [number, number, number])[]): Uint8Array {
  const height = pixels.length / width;
  const row = Math.ceil((width * 24) / 32) * 4;
  const out = new Uint8Array(54 + row * height);
  const view = new DataView(out.buffer);
  out.set([0x42, 0x4d]);
  view.setUint32(2, out.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (const [index, [red, green, blue]] of pixels.entries()) {
    const y = height - 1 - Math.floor(index / width);
    out.set([blue, green, red], 54 + y * row + (index % width) * 3);
  }
  return out;
}

/** One channel of 16-bit PCM. */
export function wav(samples: readonly number[], channels = 1): Uint8Array {
  const out = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(out.buffer);
  const text = (at: number, word: string): void => out.set(new TextEncoder().encode(word), at);
  text(0, 'RIFF');
  view.setUint32(4, out.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 16_000, true);
  view.setUint16(32, 2 * channels, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  for (const [index, sample] of samples.entries()) view.setInt16(44 + index * 2, sample, true);
  return out;
}

/** The EngineError that `work` throws; any other end fails the test. */
export async function refused(work: Promise<unknown>): Promise<EngineError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
