// Both languages are complete: every text of the product and of the manifest, with the same parameters in each.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { texts } from '../../src/protocol/text/index';
import { repositoryRoot } from '../support/assets';

const read = (name: string): string => readFileSync(path.join(repositoryRoot, name), 'utf8');
const keys = (name: string): readonly string[] => Object.keys(JSON.parse(read(name)) as Record<string, string>).sort();
const parameters = (text: string): readonly string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('the languages', () => {
  it('have every text, with the same parameters', () => {
    const differing = Object.entries<{ readonly en: string; readonly zh: string }>(texts).filter(([, { en, zh }]) => en.trim() === '' || zh.trim() === '' || parameters(en).join() !== parameters(zh).join());
    assert.deepEqual(differing.map(([code]) => code), []);
  });

  it('have every text of the manifest, and none that it does not use', () => {
    const used = [...new Set([...read('package.json').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key ?? ''))].sort();
    assert.ok(used.length > 0);
    assert.deepEqual(keys('package.nls.json'), used);
    assert.deepEqual(keys('package.nls.zh-cn.json'), used);
  });
});
