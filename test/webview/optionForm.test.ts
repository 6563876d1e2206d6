import assert from 'node:assert/strict';
import type { OptionSchema, PassDescription } from '../../src/protocol/passes';
import { type Entered, collectOptions, formFields, startValue } from '../../webview/logic/optionForm';
import { passes } from './support/fixtures';

function passOf(properties: Readonly<Record<string, OptionSchema>>, required: readonly string[] = []): PassDescription {
  return { id: 'test', data: 'none', suffix: 'x', options: { type: 'object', properties, required } };
}

function collect(pass: PassDescription, entered: Readonly<Record<string, Entered>>): ReturnType<typeof collectOptions> {
  return collectOptions(formFields(pass), new Map(Object.entries(entered)));
}

describe('form of a pass', () => {
  it('draws every kind of option of the fixture passes', () => {
    const [quantize] = passes;
    assert.ok(quantize);
    assert.deepEqual(
      formFields(quantize).map(({ name, kind, advanced }) => [name, kind, advanced]),
      [
        ['effort', 'choice', false],
        ['calibration', 'choice', false],
        ['samples', 'number', false],
        ['percentile', 'number', true],
        ['perChannel', 'flag', false],
        ['reduceRange', 'choice', true],
        ['ignore', 'list', false],
        ['bits.weights', 'number', true],
        ['bits.activations', 'number', true],
      ],
    );
  });

  it('keeps values of later versions visible and refused', () => {
    const [field] = formFields(passOf({ effort: { enum: ['fast', 'best'], default: 'fast', notReady: ['best'] } }));
    assert.ok(field?.kind === 'choice');
    assert.deepEqual(field.values, [{ value: 'fast', ready: true }, { value: 'best', ready: false }]);
  });

  it('sends only what differs from the default, typed and nested', () => {
    const [quantize] = passes;
    assert.ok(quantize);
    assert.deepEqual(collect(quantize, {}), { ok: true, options: {} });
    assert.deepEqual(collect(quantize, { samples: '64', calibration: 'minmax', perChannel: false, reduceRange: 'false', ignore: 'conv1, layer1*', 'bits.weights': '4' }), {
      ok: true,
      options: { samples: 64, calibration: 'minmax', perChannel: false, reduceRange: false, ignore: ['conv1', 'layer1*'], bits: { weights: 4 } },
    });
  });

  it('takes a fraction as a number and a size with a unit as text', () => {
    const pass = passOf({ macs: { anyOf: [{ type: 'number' }, { type: 'string' }] } });
    assert.deepEqual(collect(pass, { macs: '0.5' }), { ok: true, options: { macs: 0.5 } });
    assert.deepEqual(collect(pass, { macs: '3.5ms' }), { ok: true, options: { macs: '3.5ms' } });
    assert.deepEqual(collect(pass, { macs: '' }), { ok: true, options: {} });
  });

  it('names what is wrong, field by field', () => {
    const pass = passOf({ samples: { type: 'integer', minimum: 1 }, share: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, macs: { type: 'number' } }, ['macs']);
    const result = collect(pass, { samples: '0', share: '1', macs: '' });
    assert.ok(!result.ok);
    assert.deepEqual([...result.problems], [['samples', 'outOfBounds'], ['share', 'outOfBounds'], ['macs', 'required']]);
    const words = collect(pass, { samples: '2.5', share: 'half', macs: '1' });
    assert.ok(!words.ok);
    assert.deepEqual([...words.problems], [['samples', 'notAnInteger'], ['share', 'notANumber']]);
  });

  it('leaves lists of objects to recipes', () => {
    assert.deepEqual(formFields(passOf({ losses: { type: 'array', items: { type: 'object' } } })), []);
  });

  it('starts a choice without a default on "automatic", which sends nothing', () => {
    const pass = passOf({ weights: { enum: ['s8', 'u8'] } });
    const [field] = formFields(pass);
    assert.ok(field);
    assert.equal(startValue(field), '');
    assert.deepEqual(collect(pass, {}), { ok: true, options: {} });
  });
});
