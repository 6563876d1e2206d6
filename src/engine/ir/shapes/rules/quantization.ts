// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.

import { intAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Rule } from '../rule';
import { tensor } from '../tensorShape';

/** The type is that of the zero point, or `output_dtype` (opset 21), or uint8. */
const quantize: Rule = ({ node, inputs: [x, , zero] }) => {
  const wire = intAttribute(node, 'output_dtype', 0);
  return [tensor(zero?.type ?? (wire === 0 ? 'uint8' : dataTypeOf(wire)), x?.shape ?? null)];
};

/** The type is that of the scale, or `output_dtype` (opset 23). */
const dequantize: Rule = ({ node, inputs: [x, scale] }) => {
  const wire = intAttribute(node, 'output_dtype', 0);
  return [tensor(wire === 0 ? (scale?.type ?? 'undefined') : dataTypeOf(wire), x?.shape ?? null)];
};

export const quantizationRules = {
  QuantizeLinear: quantize, DequantizeLinear: dequantize,
  DynamicQuantizeLinear: ({ inputs: [x] }) => [tensor('uint8', x?.shape ?? null), tensor('float32', []), tensor('uint8', [])],
} as const satisfies Record<string, Rule>;
