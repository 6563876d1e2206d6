// Tensors between benchmarks and Python: NAME.json says what lies where in NAME.bin (little-endian, row-major).
// bench/oracles/tensorFile.py is the other half; the names of types are numpy's.

import { writeFileSync } from 'node:fs';
import type { NdArray } from '../../src/engine/ports';

/** int64 and float64 views want their bytes at a multiple of 8. */
const ALIGNMENT = 8;

/** @param stem path without an ending */
export function writeTensors(stem: string, tensors: Readonly<Record<string, NdArray>>): void {
  const table: Record<string, { type: string; dims: readonly number[]; offset: number }> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { type, dims, data }] of Object.entries(tensors)) {
    if (!ArrayBuffer.isView(data)) throw new Error(`${name} holds texts`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const padding = (ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT;
    table[name] = { type, dims, offset };
    parts.push(bytes, new Uint8Array(padding));
    offset += bytes.length + padding;
  }
  writeFileSync(`${stem}.json`, JSON.stringify(table));
  writeFileSync(`${stem}.bin`, Buffer.concat(parts));
}
