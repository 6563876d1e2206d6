// Factors of the right shape without numbers: zeros take as long to multiply as other numbers, so that they do to time layers.

import { elementCount } from '../../../ir/model';
import type { Factor } from '../factors';
import type { FactorShape } from '../methods/method';

/** The same for every group. */
export function zeroFactors(shapes: readonly FactorShape[], groups: number): readonly (readonly Factor[])[] {
  const factors = shapes.map(({ outputs, inputs, kernel, isDepthwise, axes }): Factor => ({
    kernel: { outputs, inputs, kernel, data: new Float64Array(outputs * inputs * elementCount(kernel)) }, isDepthwise, axes,
  }));
  return Array.from({ length: groups }, () => factors);
}
