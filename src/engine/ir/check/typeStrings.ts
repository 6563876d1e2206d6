// Types as operator schemas write them: `tensor(float)`, `seq(tensor(int64))`, `optional(tensor(string))`.

import type { DataType } from '../dataTypes';
import type { TensorShape } from '../shapes/index';

/** Element types whose name in ONNX's type strings is not that of this house. */
const written: Partial<Record<DataType, string>> = { float32: 'float', float64: 'double' };
const containers: Readonly<Record<'sequence' | 'optional', string>> = { sequence: 'seq', optional: 'optional' };

/** Undefined where the type is unknown, or a map (whose element types inference does not follow). */
export function typeString(value: TensorShape | undefined): string | undefined {
  if (value === undefined || value.type === 'undefined') return undefined;
  let text = `tensor(${written[value.type] ?? value.type})`;
  for (const container of [...(value.containers ?? [])].reverse()) {
    if (container === 'map') return undefined;
    text = `${containers[container]}(${text})`;
  }
  return text;
}
