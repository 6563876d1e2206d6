// The cases of PyPI's `onnx` that Debian's package does not have (opset 18 and later, and newer cases), from the file
// that bench/core/fixtures/operatorCases.py writes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DataType } from '../../../src/engine/ir/dataTypes';
import type { Tensor } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import type { NdArray } from '../../../src/engine/ports';
import { root } from '../../lib/decant';
import type { OperatorCase, Shown } from './case';

type Stored = readonly [type: DataType, shape: readonly number[]] | { readonly sequence: readonly Stored[]; readonly type: DataType } | { readonly optional: Stored };

interface StoredCase {
  readonly name: string;
  /** Base64. */
  readonly model: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly constants: Readonly<Record<string, { readonly type: DataType; readonly dims: readonly number[]; readonly data: readonly number[] }>>;
  readonly outputs: Readonly<Record<string, Stored>>;
}

interface StoredFile {
  /** Package and version the cases are from. */
  readonly source: string;
  readonly cases: readonly StoredCase[];
}

export function onnxCases(): { readonly source: string; readonly cases: readonly OperatorCase[] } {
  const bytes = gunzipSync(readFileSync(join(root, 'test', 'fixtures', 'operatorCases.json.gz')));
  const file = JSON.parse(bytes.toString()) as StoredFile;
  return {
    source: file.source,
    cases: file.cases.map((stored) => ({
      name: stored.name,
      bytes: new Uint8Array(Buffer.from(stored.model, 'base64')),
      shapes: stored.shapes,
      constants: new Map(Object.entries(stored.constants).map(([name, { type, dims, data }]): [string, Tensor] =>
        [name, tensorFrom(name, { type, dims, data: arrayOf(type, data) })])),
      outputs: new Map(Object.entries(stored.outputs).map(([name, output]) => [name, shown(output)])),
    })),
  };
}

function shown(stored: Stored): Shown {
  if ('sequence' in stored) return { kind: 'sequence', type: stored.type, elements: stored.sequence.map(shown) };
  if ('optional' in stored) return { kind: 'optional', element: shown(stored.optional) };
  const [type, shape] = stored;
  return { kind: 'tensor', type, shape };
}

function arrayOf(type: DataType, data: readonly number[]): NdArray['data'] {
  switch (type) {
    case 'int64': return BigInt64Array.from(data, BigInt);
    case 'uint64': return BigUint64Array.from(data, BigInt);
    case 'int32': return Int32Array.from(data);
    case 'uint32': return Uint32Array.from(data);
    case 'int16': return Int16Array.from(data);
    case 'uint16': return Uint16Array.from(data);
    case 'int8': return Int8Array.from(data);
    case 'float32': return Float32Array.from(data);
    case 'float64': return Float64Array.from(data);
    default: return Uint8Array.from(data);
  }
}
