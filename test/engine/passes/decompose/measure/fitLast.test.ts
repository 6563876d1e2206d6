// The fit of the last factor: what it says is missed is what is missed, and no other last factor comes closer.

import assert from 'node:assert/strict';
import { normalMatrix } from '../../../../../src/engine/linalg/matrix';
import { matrixProducts } from '../../../../../src/engine/linalg/products';
import { type Kernel, methods } from '../../../../../src/engine/passes/decompose/factors';
import { fitLast } from '../../../../../src/engine/passes/decompose/measure/fitLast';
import { composed, methodTable } from '../../../../../src/engine/passes/decompose/methods/index';
import { seededRandom } from '../../../../../src/engine/random';
import { testRuntime } from '../../../../support/passContext';

const kernel: Kernel = { outputs: 7, inputs: 5, kernel: [3, 2], data: normalMatrix(7, 30, seededRandom(3)).data };
const columns = 30;
/** Inputs of unequal size. */
const inputs = normalMatrix(columns, 80, seededRandom(4));
const seen = { ...inputs, data: inputs.data.map((value, at) => value * (1 + Math.floor(at / 80) % 5)) };

/** Share of the squares of W x that (W - V) x has, over all inputs. */
function missedBy(factors: Parameters<typeof composed>[0]): number {
  const other = composed(factors);
  let [missed, energy] = [0, 0];
  for (let output = 0; output < 7; output += 1) {
    for (let sample = 0; sample < 80; sample += 1) {
      let [own, difference] = [0, 0];
      for (let column = 0; column < columns; column += 1) {
        const [x, weight] = [seen.data[column * 80 + sample] ?? 0, kernel.data[output * columns + column] ?? 0];
        own += weight * x;
        difference += (weight - (other.data[output * columns + column] ?? 0)) * x;
      }
      missed += difference ** 2;
      energy += own ** 2;
    }
  }
  return missed / energy;
}

describe('the last factor', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());

  for (const method of methods) {
    it(`of ${method}: misses what it says, and less once it is fitted`, async () => {
      const covariance = await products.multiply(seen, seen, 'transposed');
      const record = methodTable[method];
      const ranks = record.modes.map(() => 3);
      const { factors } = await record.factorize({ kernel, products, random: seededRandom(1) }, ranks);
      const plain = await fitLast(kernel, factors, covariance, products, false);
      assert.equal(plain.factors, factors);
      assert.ok(Math.abs(plain.missed - missedBy(factors)) < 1e-9);
      const fitted = await fitLast(kernel, factors, covariance, products, true);
      assert.ok(Math.abs(fitted.missed - missedBy(fitted.factors)) < 1e-9);
      assert.ok(fitted.missed < 0.95 * plain.missed, `${fitted.missed} of ${plain.missed}`);
    });
  }

  it('stays as it is where nothing is read', async () => {
    const { factors } = await methodTable.svd.factorize({ kernel, products, random: seededRandom(1) }, [3]);
    const fitted = await fitLast(kernel, factors, { rows: columns, columns, data: new Float64Array(columns ** 2) }, products, true);
    assert.equal(fitted.factors, factors);
    assert.equal(fitted.missed, 0);
  });

  it('is weighed by a diagonal as by the matrix that has it', async () => {
    const { factors } = await methodTable.svd.factorize({ kernel, products, random: seededRandom(1) }, [3]);
    const sizes = Float64Array.from({ length: columns }, (_, column) => 1 + column);
    const whole = new Float64Array(columns ** 2);
    sizes.forEach((size, column) => { whole[column * columns + column] = size; });
    const [one, other] = [await fitLast(kernel, factors, { rows: columns, columns: 1, data: sizes }, products, true), await fitLast(kernel, factors, { rows: columns, columns, data: whole }, products, true)];
    assert.ok(Math.abs(one.missed - other.missed) < 1e-12);
  });
});
