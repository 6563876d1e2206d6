// What is said of an option that is one of some words or an object of one value.
import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import { describeProblem } from '../../../src/engine/passes/recipeProblems';

const share = { type: 'number', exclusiveMinimum: 0, maximum: 1 };
const object = (key: string): object => ({ type: 'object', properties: { [key]: share }, required: [key], additionalProperties: false });
const validate = new Ajv({ verbose: true }).compile({
  type: 'object', properties: { ranks: { anyOf: [{ type: 'string', enum: ['evbmf'] }, object('energy'), object('ratio')] } },
});

describe('what is wrong with an option of several forms', () => {
  const forms = 'evbmf, { "energy": … }, { "ratio": … }';
  const cases: readonly (readonly [what: string, ranks: unknown, path: string, params: Readonly<Record<string, unknown>>])[] = [
    ['a word that is none', 'evbm', 'ranks', { problem: 'problem.notAllowedNear', found: '"evbm"', near: '"evbmf"', allowed: forms }],
    ['a number', 0.5, 'ranks', { problem: 'problem.notAllowed', found: '0.5', allowed: forms }],
    ['an object without a key that is known', { enrgy: 0.9 }, 'ranks', { problem: 'problem.notAllowed', found: '{"enrgy":0.9}', allowed: forms }],
    ['the value of a form', { ratio: 2 }, 'ranks.ratio', { problem: 'problem.outOfRange', found: '2', allowed: 'allowed.aboveAtMost', low: 0, high: 1 }],
    ['the type of that value', { energy: 'much' }, 'ranks.energy', { problem: 'problem.wrongType', found: '"much"', wanted: 'kind.number', allowed: 'allowed.aboveAtMost', low: 0, high: 1 }],
  ];
  for (const [what, ranks, path, params] of cases) {
    it(`names ${what} and what is allowed`, () => {
      assert.equal(validate({ ranks }), false);
      assert.deepEqual(describeProblem(validate.errors ?? []), { path, params });
    });
  }

  it('takes each of the forms', () => {
    for (const ranks of ['evbmf', { energy: 0.9 }, { ratio: 1 }]) assert.ok(validate({ ranks }), JSON.stringify(ranks));
  });
});
