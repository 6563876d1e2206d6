import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { EngineError } from '../../../src/engine/error';
import { nearest } from '../../../src/engine/passes/nearest';
import { parseRecipe, type RecipeSource, validateRecipe } from '../../../src/engine/passes/recipe';
import { recipeSchema } from '../../../src/engine/passes/recipeSchema';
import { errorText } from '../../../src/protocol/errors';

const file: RecipeSource = { file: 'small.json' };

function recipe(...passes: readonly Readonly<Record<string, unknown>>[]): unknown {
  return { version: 1, passes };
}

/** The error a document is refused with; both languages must be whole sentences without open places. */
function refusal(document: unknown, source: RecipeSource = file): EngineError {
  try {
    validateRecipe(document, source);
  } catch (error) {
    assert.ok(error instanceof EngineError);
    for (const language of ['en', 'zh-cn'] as const) assert.doesNotMatch(errorText(error, language), /[{}]|undefined/);
    return error;
  }
  return assert.fail('the recipe was taken');
}

describe('validation of a recipe', () => {
  it('takes the least there can be and fills in every default', () => {
    const valid = validateRecipe(recipe({ pass: 'quantize.static' }), file);
    assert.equal(valid.passes.length, 1);
    const { options } = valid.passes[0] ?? assert.fail();
    assert.equal(options['effort'], 'fast');
    assert.equal(options['samples'], 256);
    assert.deepEqual(options['ignore'], []);
    assert.deepEqual(options['bits'], { weights: 8, activations: 8 });
    assert.deepEqual(valid.document.passes[0], { pass: 'quantize.static', ...options });
  });

  it('fills in a nested default beside a given one', () => {
    const { passes } = validateRecipe(recipe({ pass: 'quantize.static', bits: { weights: 8 } }), file);
    assert.deepEqual(passes[0]?.options['bits'], { weights: 8, activations: 8 });
  });

  it('leaves the document of the caller as it was', () => {
    const document = { version: 1, passes: [{ pass: 'cleanup' }] };
    validateRecipe(document, file);
    assert.deepEqual(document, { version: 1, passes: [{ pass: 'cleanup' }] });
  });

  it('gives back a document that it takes again unchanged', () => {
    const { document } = validateRecipe({ ...(recipe({ pass: 'cleanup' }, { pass: 'quantize.dynamic', ignore: ['a*'] }) as object), seed: 3 }, file);
    assert.deepEqual(validateRecipe(document, file).document, document);
  });

  const refused: readonly (readonly [what: string, document: unknown, code: string, path: string, text: RegExp])[] = [
    ['an unknown key of the recipe', { version: 1, pases: [], passes: [{ pass: 'cleanup' }] }, 'invalidRecipe', 'pases', /did you mean "passes"/],
    ['another version', { version: 2, passes: [{ pass: 'cleanup' }] }, 'invalidRecipe', 'version', /Allowed: 1/],
    ['no passes', { version: 1, passes: [] }, 'invalidRecipe', 'passes', /at least one pass/],
    ['missing passes', { version: 1 }, 'invalidRecipe', 'passes', /"passes" is missing/],
    ['no object', [], 'invalidRecipe', '(root)', /is not an object/],
    ['a wrong constraint', { version: 1, constraints: { maxDrop: 'one' }, passes: [{ pass: 'cleanup' }] }, 'invalidRecipe', 'constraints.maxDrop', /"one" is not a number/],
    ['a negative drop', { version: 1, constraints: { maxDrop: -1 }, passes: [{ pass: 'cleanup' }] }, 'invalidRecipe', 'constraints.maxDrop', /0 or more/],
    ['a pass without id', recipe({ pass: 'cleanup' }, { samples: 3 }), 'invalidRecipe', 'passes[1].pass', /"pass" is missing/],
    ['an unknown pass', recipe({ pass: 'quantize.dinamic' }), 'invalidRecipe', 'passes[0].pass', /did you mean "quantize.dynamic"/],
    ['an unknown option', recipe({ pass: 'cleanup' }, { pass: 'quantize.static', sample: 3 }), 'invalidRecipe', 'passes[1].sample', /did you mean "samples"/],
    ['an unknown nested option', recipe({ pass: 'quantize.static', bits: { weight: 8 } }), 'invalidRecipe', 'passes[0].bits.weight', /did you mean "weights"/],
    ['a wrong type', recipe({ pass: 'quantize.static', samples: '12' }), 'invalidRecipe', 'passes[0].samples', /"12" is not a whole number.*1 or more/],
    ['a fraction for a count', recipe({ pass: 'quantize.static', samples: 0.5 }), 'invalidRecipe', 'passes[0].samples', /0\.5 is not a whole number/],
    ['a value out of range', recipe({ pass: 'quantize.static', samples: 0 }), 'invalidRecipe', 'passes[0].samples', /0 is out of range.*1 or more/],
    ['a value between bounds', recipe({ pass: 'cleanup', opset: 99 }), 'invalidRecipe', 'passes[0].opset', /7 to 25/],
    ['a value that is none', recipe({ pass: 'quantize.static', calibration: 'mze' }), 'invalidRecipe', 'passes[0].calibration', /did you mean "mse".*Allowed: mse, minmax, percentile/],
    ['an item of a list', recipe({ pass: 'quantize.dynamic', ignore: ['a', 5] }), 'invalidRecipe', 'passes[0].ignore[1]', /5 is not a text/],
    ['a share that may not reach 1', recipe({ pass: 'finetune', ema: 1.5 }), 'invalidRecipe', 'passes[0].ema', /Allowed: 0 or more, and below 1/],
    ['an unknown rule', recipe({ pass: 'cleanup', rules: ['foldConstant'] }), 'invalidRecipe', 'passes[0].rules[0]', /did you mean "foldConstants"/],
  ];
  for (const [what, document, code, path, text] of refused) {
    it(`refuses ${what} with its place and what is allowed`, () => {
      const error = refusal(document);
      assert.equal(error.code, code);
      assert.equal(error.params['path'], path);
      assert.match(error.message, text);
      assert.match(error.message, /small\.json/);
    });
  }

  it('speaks of the option where the pass came from the command', () => {
    const error = refusal(recipe({ pass: 'quantize.static', samples: 0 }), 'command');
    assert.equal(error.code, 'invalidOption');
    assert.match(error.message, /^Option samples of quantize\.static: 0 is out of range/);
    assert.equal(refusal(recipe({ pass: 'quantise' }), 'command').code, 'unknownPass');
  });

  it('refuses planned passes and planned values by name', () => {
    assert.equal(refusal(recipe({ pass: 'update', size: 10 })).code, 'passNotReady');
    const error = refusal(recipe({ pass: 'quantize.static', effort: 'best' }));
    assert.equal(error.code, 'optionNotReady');
    assert.match(error.message, /effort=best of quantize\.static is planned.*Use fast/);
    assert.equal(refusal(recipe({ pass: 'quantize.static', bits: { weights: 4 } })).params['path'], 'passes[0].bits.weights');
  });

  it('does not take the words of a user for words of its own', () => {
    const error = refusal(recipe({ pass: 'quantize.static', 'problem.unknownKey': 1 }));
    assert.match(error.message, /there is no "problem\.unknownKey" here/);
  });

  it('says where a text is not JSON', () => {
    assert.throws(() => parseRecipe('{"version": 1,', 'cut.json'), (error: EngineError) => {
      assert.equal(error.code, 'invalidRecipe');
      return /cut\.json.*not JSON/.test(error.message);
    });
    assert.equal(parseRecipe('{"version": 1, "passes": [{"pass": "cleanup"}]}', 'whole.json').passes.length, 1);
  });

  it('refuses any JSON with an EngineError or takes it, and nothing else', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      for (const document of [value, { version: 1, passes: value }, recipe({ pass: 'cleanup', rules: value })]) {
        try {
          validateRecipe(document, file);
        } catch (error) {
          assert.ok(error instanceof EngineError);
        }
      }
    }));
  });
});

describe('the JSON Schema of recipes', () => {
  const validate = new Ajv({ strict: false }).compile(recipeSchema());

  it('agrees with the validation', () => {
    assert.ok(validate(recipe({ pass: 'quantize.static', samples: 12, bits: { weights: 8 } })));
    assert.ok(validate(recipe({ pass: 'cleanup' }, { pass: 'quantize.dynamic' })));
    for (const wrong of [recipe({ pass: 'quantize.static', sample: 3 }), recipe({ pass: 'nothing' }), { version: 1, passes: [] }]) {
      assert.ok(!validate(wrong));
    }
  });
});

describe('the nearest word', () => {
  it('is the one with the fewest edits, or none when all are far', () => {
    assert.equal(nearest('sampels', ['samples', 'simple', 'weights']), 'samples');
    assert.equal(nearest('zzz', ['samples', 'weights']), undefined);
  });
});
