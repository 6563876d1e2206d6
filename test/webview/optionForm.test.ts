import assert from 'node:assert/strict';
import type { OptionSchema, PassDescription } from '../../src/protocol/passes';
import { describePasses } from '../../src/engine/passes/registry';
import { type Entered, collectOptions, startValue } from '../../webview/logic/formValues';
import { formFields } from '../../webview/logic/optionForm';
import { passes } from './support/fixtures';

/** More than fit a screen beside the goal and the data are no form but a list. */
const MOST_IN_SIGHT = 9;

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

  it('takes a bound that is allowed beside one that is not', () => {
    const pass = passOf({ ema: { type: 'number', minimum: 0, exclusiveMaximum: 1 } });
    assert.deepEqual(collect(pass, { ema: '0' }), { ok: true, options: { ema: 0 } });
    assert.equal(collect(pass, { ema: '1' }).ok, false);
    assert.equal(collect(pass, { ema: '-0.1' }).ok, false);
  });

  it('leaves lists of objects to recipes', () => {
    assert.deepEqual(formFields(passOf({ losses: { type: 'array', items: { type: 'object' } } })), []);
  });

  it('starts a choice without a default on "automatic", which sends nothing', () => {
    const pass = passOf({ weights: { enum: ['s8', 'u8'] } });
    const [field] = formFields(pass);
    assert.ok(field?.kind === 'choice');
    assert.equal(startValue(field), '');
    assert.deepEqual(collect(pass, {}), { ok: true, options: {} });
  });

  it('sends an object that may be left out only when it is switched on, then also empty', () => {
    const pass = passOf({ steps: { type: 'integer', default: 1 }, recover: { type: 'object', properties: { epochs: { type: 'integer', default: 3, minimum: 1 }, mixup: { type: 'number', default: 0, advanced: true }, augment: { type: 'object', default: { flip: false }, advanced: true, properties: { flip: { type: 'boolean', default: false } } } } } });
    const [, field] = formFields(pass);
    assert.ok(field?.kind === 'switch');
    assert.deepEqual(field.fields.map(({ name, advanced }) => [name, advanced]), [['recover.epochs', false], ['recover.mixup', true], ['recover.augment.flip', true]]);
    assert.deepEqual(collect(pass, { 'recover.epochs': '5' }), { ok: true, options: {} });
    assert.deepEqual(collect(pass, { recover: true }), { ok: true, options: { recover: {} } });
    assert.deepEqual(collect(pass, { recover: true, 'recover.epochs': '5', 'recover.augment.flip': true }), { ok: true, options: { recover: { epochs: 5, augment: { flip: true } } } });
    assert.deepEqual(collect(pass, { recover: false, 'recover.epochs': '0' }), { ok: true, options: {} }, 'what is switched off is not judged');
    const wrong = collect(pass, { recover: true, 'recover.epochs': '0' });
    assert.ok(!wrong.ok);
    assert.deepEqual([...wrong.problems], [['recover.epochs', 'outOfBounds']]);
  });

  it('sends one of the options that exclude each other, and asks for a value of all but the first', () => {
    const pass = passOf({ macs: { type: 'number', alternative: 'target', examples: [0.5] }, samples: { type: 'integer', default: 256 }, bytes: { type: 'string', alternative: 'target' } });
    const fields = formFields(pass);
    assert.deepEqual(fields.map(({ name, kind }) => [name, kind]), [['target', 'alternatives'], ['samples', 'number']]);
    assert.deepEqual(collect(pass, {}), { ok: true, options: {} });
    assert.deepEqual(collect(pass, { macs: '0.4', bytes: '400kB' }), { ok: true, options: { macs: 0.4 } });
    assert.deepEqual(collect(pass, { target: 'bytes', macs: '0.4', bytes: '400kB' }), { ok: true, options: { bytes: '400kB' } });
    const empty = collect(pass, { target: 'bytes', macs: '0.4', bytes: '' });
    assert.ok(!empty.ok);
    assert.deepEqual([...empty.problems], [['bytes', 'required']]);
  });

  it('draws an option alone whose alternatives come in a later version, and none that does itself', () => {
    const fields = formFields(passOf({ macs: { type: 'number', alternative: 'target' }, latency: { planned: true, alternative: 'target' }, refit: { type: 'boolean', planned: true } }));
    assert.deepEqual(fields.map(({ name, kind }) => [name, kind]), [['macs', 'number']]);
  });

  it('has few fields in sight for every pass: what is optional is switched off, what is rare is folded', () => {
    for (const pass of describePasses()) {
      const inSight = formFields(pass).filter(({ advanced }) => !advanced);
      assert.ok(inSight.length <= MOST_IN_SIGHT, `${pass.id}: ${inSight.map(({ name }) => name).join(', ')}`);
      assert.deepEqual(collect(pass, {}), { ok: true, options: {} }, pass.id);
    }
  });
});
