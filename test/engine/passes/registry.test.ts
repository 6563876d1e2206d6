import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { passDocs } from '../../../src/engine/passes/passDocs';
import { plannedPasses } from '../../../src/engine/passes/planned';
import { describePasses, findPass, passes, passIds } from '../../../src/engine/passes/registry';
import type { OptionSchema } from '../../../src/protocol/passes';
import { optionAbout, optionTitle } from '../../../src/protocol/optionWords';
import { isTextCode, say, texts } from '../../../src/protocol/text/index';

/** The ids that interfaces.md fixes. */
const fixedIds = [
  'cleanup', 'quantize.dynamic', 'quantize.static', 'quantize.weights', 'quantize.float16', 'quantize.aware', 'quantize.mixed',
  'prune.channels', 'prune.heads', 'prune.blocks', 'prune.weights', 'decompose', 'decompose.svd', 'decompose.spatial',
  'decompose.tucker', 'decompose.cp', 'distill', 'finetune', 'progressive', 'update', 'rewrite.winograd', 'rewrite.batch',
];

describe('the registry of passes', () => {
  it('knows every id of the interface, each either here or planned', () => {
    assert.deepEqual([...passIds, ...plannedPasses].sort(), [...fixedIds].sort());
  });

  it('finds a pass by id, and tells planned from unknown', () => {
    for (const pass of passes) assert.equal(findPass(pass.id), pass);
    assert.throws(() => findPass('progressive'), { code: 'passNotReady' });
    assert.throws(() => findPass('quantise'), { code: 'unknownPass' });
  });

  it('has words in both languages for every pass and option', () => {
    const wanted = describePasses().flatMap(({ id, options }) => [
      `pass.${id}`, `pass.${id}.about`,
      ...optionNames(options).flatMap((name) => [optionTitle(name, id) ?? `option.${name}`, optionAbout(name, id) ?? `option.${name}.about`]),
    ]);
    assert.ok(wanted.length > passes.length * 2);
    for (const code of wanted) {
      assert.ok(isTextCode(code), `no text ${code}`);
      assert.notEqual(say(code, {}, 'en'), '');
      assert.match(say(code, {}, 'zh-cn'), /\p{Script=Han}|Opset|SmoothQuant/u, code);
    }
  });

  it('has words for every value of an option whose values are clean-up rules', () => {
    const rules = describePasses().find(({ id }) => id === 'cleanup')?.options.properties['rules']?.items?.enum ?? [];
    assert.ok(rules.length > 10);
    for (const rule of rules) assert.ok(Object.hasOwn(texts, `value.rules.${String(rule)}`), String(rule));
  });

  it('describes itself as plain JSON with closed options and valid defaults', () => {
    const described = describePasses();
    assert.deepEqual(JSON.parse(JSON.stringify(described)), described);
    for (const { id, options } of described) {
      assert.equal(options.additionalProperties, false, id);
      for (const [name, option] of Object.entries(options.properties)) {
        if (option.enum !== undefined && option.default !== undefined) assert.ok(option.enum.includes(option.default as string), `${id} ${name}`);
        assert.ok(option.notReady?.includes(option.default as string) !== true, `${id} ${name}: the default must be ready`);
      }
    }
  });

  it('is documented in docs/passes.md as it is', () => {
    assert.equal(readFileSync('docs/passes.md', 'utf8'), passDocs(), 'run "npm run build" to write docs/passes.md anew');
  });
});

/** Options by the name their texts have; those inside another option are dotted. */
function optionNames(schema: OptionSchema, prefix = ''): string[] {
  const ready = Object.entries(schema.properties ?? {}).filter(([, option]) => option.planned !== true);
  return ready.flatMap(([name, option]) => [prefix + name, ...optionNames(option, `${prefix}${name}.`)]);
}
