// The test command must not say "passed" when nothing was tested: each way a layer can end, tried on a repository
// that holds nothing but the scripts and one layer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot } from '../support/assets';

interface LayerResult {
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly problem?: string;
}

describe('the runner of a test layer', function () {
  this.timeout(30_000);
  let repository: string;

  beforeEach(() => {
    repository = mkdtempSync(path.join(tmpdir(), 'decant-layers-'));
    for (const part of ['scripts', 'test/support', '.mocharc.json']) cpSync(path.join(repositoryRoot, part), path.join(repository, part), { recursive: true });
    symlinkSync(path.join(repositoryRoot, 'node_modules'), path.join(repository, 'node_modules'));
    mkdirSync(path.join(repository, 'test', 'engine'));
  });

  afterEach(() => rmSync(repository, { recursive: true, force: true }));

  function runWith(source: string | undefined): LayerResult {
    if (source !== undefined) writeFileSync(path.join(repository, 'test', 'engine', 'one.test.ts'), source);
    const script = `import { runLayer } from './scripts/lib/layers.mjs'; console.log('\\nRESULT' + JSON.stringify(await runLayer('engine')));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return JSON.parse(output.slice(output.indexOf('RESULT') + 'RESULT'.length)) as LayerResult;
  }

  it('counts what passed and what was skipped', () => {
    const { counts, problem } = runWith(`it('a', () => {}); it('b', () => {}); it.skip('c', () => {});`);
    assert.deepEqual(counts, { passed: 2, failed: 0, skipped: 1 });
    assert.equal(problem, undefined);
  });

  it('fails a layer with a failing test', () => {
    const { counts, problem } = runWith(`it('a', () => {}); it('b', () => { throw new Error('no'); });`);
    assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 0 });
    assert.notEqual(problem, undefined);
  });

  it('fails a layer without a test file', () => {
    assert.notEqual(runWith(undefined).problem, undefined);
  });

  it('fails a layer whose files hold no test', () => {
    assert.notEqual(runWith('export {};').problem, undefined);
  });

  it('fails a layer where a test is marked as the only one', () => {
    assert.notEqual(runWith(`it.only('a', () => {}); it('b', () => {});`).problem, undefined);
  });

  it('fails a layer that ends before its tests were counted', () => {
    const { counts, problem } = runWith(`it('a', () => { process.exit(0); });`);
    assert.equal(counts.failed, 1);
    assert.notEqual(problem, undefined);
  });
});
