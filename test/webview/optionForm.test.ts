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

  it('draws no choice of one that is meant anyway', () => {
    assert.deepEqual(formFields(passOf({ method: { enum: ['auto'], default: 'auto' } })), []);
    assert.deepEqual(formFields(passOf({ method: { enum: ['auto'] } })).map(({ name }) => name), ['method'], 'left out is something else here');
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

  describe('an option that is a word or an object of one value', () => {
    const share = { type: 'number', exclusiveMinimum: 0, maximum: 1 } as const;
    const parts = [{ const: 'evbmf' }, { type: 'object', properties: { energy: { ...share, examples: [0.9] } }, required: ['energy'] }, { type: 'object', properties: { ratio: share }, required: ['ratio'] }];

    it('offers its forms, and sends the one that is chosen', () => {
      const pass = passOf({ ranks: { anyOf: parts } });
      const [field] = formFields(pass);
      assert.ok(field?.kind === 'alternatives');
      assert.deepEqual(field.choices.map(({ name }) => name), ['', 'ranks=evbmf', 'ranks.energy', 'ranks.ratio']);
      assert.equal(field.choices[2]?.field?.example, '0.9');
      assert.deepEqual(collect(pass, {}), { ok: true, options: {} });
      assert.deepEqual(collect(pass, { ranks: 'ranks=evbmf', 'ranks.energy': '7' }), { ok: true, options: { ranks: 'evbmf' } });
      assert.deepEqual(collect(pass, { ranks: 'ranks.ratio', 'ranks.ratio': '0.5', 'ranks.energy': '7' }), { ok: true, options: { ranks: { ratio: 0.5 } } });
      for (const [entered, problem] of [['', 'required'], ['2', 'outOfBounds']] as const) {
        const result = collect(pass, { ranks: 'ranks.energy', 'ranks.energy': entered });
        assert.ok(!result.ok);
        assert.deepEqual([...result.problems], [['ranks.energy', problem]]);
      }
    });

    it('starts with its default, be that a word or an object', () => {
      const word = passOf({ ranks: { anyOf: parts, default: 'evbmf' } });
      assert.deepEqual(collect(word, {}), { ok: true, options: {} });
      assert.deepEqual(collect(word, { ranks: 'ranks.energy', 'ranks.energy': '0.9' }), { ok: true, options: { ranks: { energy: 0.9 } } });
      const object = passOf({ ranks: { anyOf: parts, default: { energy: 0.9 } } });
      const [field] = formFields(object);
      assert.ok(field?.kind === 'alternatives');
      const start = field.choices.find(({ name }) => name === field.start)?.field;
      assert.deepEqual([field.start, start && startValue(start)], ['ranks.energy', '0.9']);
      assert.deepEqual(collect(object, {}), { ok: true, options: {} });
      assert.deepEqual(collect(object, { 'ranks.energy': '' }), { ok: true, options: {} });
      assert.deepEqual(collect(object, { 'ranks.energy': '0.8' }), { ok: true, options: { ranks: { energy: 0.8 } } });
      assert.deepEqual(collect(object, { ranks: 'ranks=evbmf' }), { ok: true, options: { ranks: 'evbmf' } });
    });

    it('may itself exclude other options: its forms stand beside those', () => {
      const pass = passOf({ macs: { type: 'number', alternative: 'target' }, ranks: { anyOf: parts, alternative: 'target' } });
      const [field, another] = formFields(pass);
      assert.ok(field?.kind === 'alternatives' && another === undefined);
      assert.deepEqual([field.name, field.start, field.choices.map(({ name }) => name)], ['target', 'macs', ['macs', 'ranks=evbmf', 'ranks.energy', 'ranks.ratio']]);
      assert.deepEqual(collect(pass, { macs: '0.4' }), { ok: true, options: { macs: 0.4 } });
      assert.deepEqual(collect(pass, { target: 'ranks=evbmf', macs: '0.4' }), { ok: true, options: { ranks: 'evbmf' } });
      assert.deepEqual(collect(pass, { target: 'ranks.ratio', macs: '0.4', 'ranks.ratio': '0.5' }), { ok: true, options: { ranks: { ratio: 0.5 } } });
      assert.equal(collect(pass, { target: 'ranks.ratio' }).ok, false);
    });

    it('is left to recipes where one of its forms is more than that', () => {
      assert.deepEqual(formFields(passOf({ ranks: { anyOf: [...parts, { type: 'object', properties: { inputs: share, outputs: share } }] } })), []);
    });
  });

  it('sends those of a few values that are checked, and asks for one where the default has some', () => {
    const methods = { type: 'array', items: { type: 'string', enum: ['svd', 'spatial', 'tucker'] } } as const;
    const pass = passOf({ methods: { ...methods, default: ['svd', 'tucker'] } });
    const [field] = formFields(pass);
    assert.ok(field?.kind === 'set');
    assert.deepEqual(collect(pass, {}), { ok: true, options: {} });
    assert.deepEqual(collect(pass, { methods: 'tucker,svd' }), { ok: true, options: {} }, 'the order of the clicks means nothing');
    assert.deepEqual(collect(pass, { methods: 'spatial' }), { ok: true, options: { methods: ['spatial'] } });
    const none = collect(pass, { methods: '' });
    assert.ok(!none.ok);
    assert.deepEqual([...none.problems], [['methods', 'required']]);
    assert.deepEqual(collect(passOf({ methods }), { methods: '' }), { ok: true, options: {} });
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
