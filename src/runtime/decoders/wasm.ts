// Finds the WebAssembly of a codec: beside the bundle (the build copies it there), or in its package when run from source.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * `request` is the file as its package names it, e.g. `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`. esbuild.js copies the
 * files of `wasmFiles` into the folder of the bundle.
 */
export async function loadWasm(request: string): Promise<WasmOptions> {
  const beside = join(__dirname, basename(request));
  const bytes = await readFile(existsSync(beside) ? beside : require.resolve(request));
  return { wasmBinary: Uint8Array.from(bytes).buffer, locateFile: (path) => path, printErr: () => undefined };
}

/**
 * Options of an Emscripten module: the bytes, so that it looks for no file; a `locateFile` that asks for no URL; and no
 * printing, since what a codec cannot decode is told by its exception.
 */
export interface WasmOptions {
  readonly wasmBinary: ArrayBuffer;
  locateFile(path: string): string;
  printErr(message: string): void;
}

export const wasmFiles = {
  jpeg: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  webp: '@jsquash/webp/codec/dec/webp_dec.wasm',
} as const;
