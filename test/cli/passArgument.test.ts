// `--pass` as an entry of a recipe.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePass } from '../../src/cli/passArgument';
import { UsageProblem } from '../../src/cli/usage';

describe('--pass', () => {
  it('reads scalars as JSON, anything else as text', () => {
    assert.deepEqual(parsePass('p:a=0.5,b=true,c=null,d=u8,e="4",f=3.5ms,g=-2,h=,i=2:4,j=a=b'), {
      pass: 'p', a: 0.5, b: true, c: null, d: 'u8', e: '4', f: '3.5ms', g: -2, h: '', i: '2:4', j: 'a=b',
    });
  });

  it('nests dotted keys', () => {
    assert.deepEqual(parsePass('p:bits.weights=4,bits.activations=8'), { pass: 'p', bits: { weights: 4, activations: 8 } });
  });

  it('reads several values in brackets as a list, of scalars as elsewhere', () => {
    assert.deepEqual(parsePass('p:methods=[svd,tucker],a=1,b=[0.5, "x y"],c=[],d=[1]'), { pass: 'p', methods: ['svd', 'tucker'], a: 1, b: [0.5, 'x y'], c: [], d: [1] });
    assert.deepEqual(parsePass('p:ignore=[conv1,layer1*],b=x]'), { pass: 'p', ignore: ['conv1', 'layer1*'], b: 'x]' });
  });

  it('takes a pass alone', () => {
    assert.deepEqual(parsePass('cleanup'), { pass: 'cleanup' });
    assert.deepEqual(parsePass('cleanup:'), { pass: 'cleanup' });
  });

  it('refuses what it cannot mean', () => {
    for (const value of ['', ':a=1', 'p:a', 'p:=1', 'p:a=1,', 'p:a..b=1', 'p:pass=x', 'p:a=1,a=2', 'p:a=[x,b=2', 'p:a=1,a.b=2', 'p:a.b=1,a=2']) {
      assert.throws(() => parsePass(value), UsageProblem, value);
    }
  });

  it('keeps every key it is given, whatever its name, and touches no prototype', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.constantFrom('__proto__', 'constructor', 'toString', 'a', 'b'), { minLength: 1 }), (keys) => {
      const parsed = parsePass(`p:${keys.map((key, index) => `${key}=${index}`).join(',')}`);
      assert.deepEqual(Object.keys(parsed), ['pass', ...keys]);
      assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    }));
  });
});
