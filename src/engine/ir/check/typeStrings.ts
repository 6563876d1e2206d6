// Types as operator schemas write them: `tensor(float)`, `seq(tensor(int64))`, `optional(tensor(string))`.

import { type DataType, dataTypes } from '../dataTypes';
import type { TensorShape } from '../shapes/index';

/** Element types whose name in ONNX's type strings is not that of this house. */
const written: Partial<Record<DataType, string>> = { float32: 'float', float64: 'double' };
const containers: Readonly<Record<'sequence' | 'optional', string>> = { sequence: 'seq', optional: 'optional' };

const tensorStrings: ReadonlyMap<DataType, string> = new Map(dataTypes.map((type) => [type, `tensor(${written[type] ?? type})`]));

/** Undefined where the type is unknown, or a map (whose element types inference does not follow). */
export function typeString(value: TensorShape | undefined): string | undefined {
  if (value === undefined || value.type === 'undefined') return undefined;
  let text = tensorStrings.get(value.type) ?? '';
  if (value.containers === undefined) return text;
  for (const container of value.containers.toReversed()) {
    if (container === 'map') return undefined;
    text = `${containers[container]}(${text})`;
  }
  return text;
}
