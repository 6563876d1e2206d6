// Gradients of arithmetic and elementary functions.

import { checkAgainst, checkLinear, wholeNumbers } from '../../../support/gradientCheck';

describe('gradients: arithmetic', () => {
  it('multiplies with broadcasting', async () => {
    await checkLinear({ op: 'Mul', inputs: [wholeNumbers([2, 3, 4], 1), wholeNumbers([3, 1], 2)] });
    await checkAgainst({ op: 'Mul', inputs: [wholeNumbers([4], 1), wholeNumbers([4], 2)] }, ([a, b]) => [(a as Float64Array).map((v, i) => v * ((b as Float64Array)[i] as number))]);
  });
});
