// Tensors between benchmarks and Python: NAME.json says what lies where in NAME.bin (little-endian, row-major).
// bench/oracles/tensorFile.py is the other half; the names of types are numpy's.

import { readFileSync, writeFileSync } from 'node:fs';
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

const arrays = { float32: Float32Array, int64: BigInt64Array, int32: Int32Array } as const;

export function readTensors(stem: string): Record<string, NdArray> {
  const table = JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as Record<string, { type: keyof typeof arrays; dims: number[]; offset: number }>;
  const bytes = readFileSync(`${stem}.bin`);
  return Object.fromEntries(Object.entries(table).map(([name, { type, dims, offset }]): [string, NdArray] => {
    const count = dims.reduce((product, size) => product * size, 1);
    const copy = bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + count * arrays[type].BYTES_PER_ELEMENT);
    return [name, { type, dims, data: new arrays[type](copy) }];
  }));
}
