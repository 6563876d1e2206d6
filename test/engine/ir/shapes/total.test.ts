// Rules are total: whatever they are given, they answer without throwing, and never with more than they can know.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { int, ints as intsOf } from '../../../../src/engine/ir/attributes';
import type { Dim } from '../../../../src/engine/ir/model';
import { operatorsByDomain } from '../../../../src/engine/ir/shapes/index';
import { infer, ints, type Operand, value } from './support';

const dim: fc.Arbitrary<Dim> = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('N', 'odd name'), fc.constant(null));
const operand: fc.Arbitrary<Operand> = fc.oneof(
  fc.array(dim, { maxLength: 5 }).map((shape) => value(shape)),
  fc.constant(value(null)),
  fc.constant(undefined),
  fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 4 }).map((values) => ints(values)),
);

const attributes = fc.record({
  axis: fc.integer({ min: -6, max: 6 }).map(int),
  axes: fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 3 }).map(intsOf),
  kernel_shape: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }).map(intsOf),
  perm: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 4 }).map(intsOf),
  blocksize: fc.integer({ min: 0, max: 3 }).map(int),
  group: fc.integer({ min: 0, max: 3 }).map(int),
}, { requiredKeys: [] });

describe('every shape rule', () => {
  for (const [domain, op] of [...operatorsByDomain].flatMap(([name, operators]) => operators.map((operator) => [name, operator] as const))) {
    it(`${domain === '' ? op : `${domain}.${op}`} bears any input, in any opset`, async () => {
      await fc.assert(fc.asyncProperty(fc.array(operand, { maxLength: 9 }), attributes, fc.integer({ min: 1, max: 26 }), async (operands, given, opset) => {
        const present = Object.fromEntries(Object.entries(given).filter(([, attribute]) => attribute !== undefined));
        for (const { shape, value: elements } of await infer(op, operands, present, { opset, outputs: 3, domain })) {
          assert.ok(shape?.every((size) => size === null || typeof size === 'string' || Number.isInteger(size)) ?? true, `${op}: ${JSON.stringify(shape)}`);
          const count = shape?.every((size) => typeof size === 'number') === true ? shape.reduce<number>((product, size) => product * Number(size), 1) : undefined;
          if (elements !== undefined && count !== undefined && count >= 0) assert.equal(elements.length, count, op);
        }
      }), { numRuns: 60 });
    });
  }
});
