// `decant compress --pass prune.weights` as a user runs it: real command, real background process, real model and data.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { CompressReport } from '../../src/protocol/report';
import { assetPath, withAssets } from '../support/assets';
import { bundle, temporaryFolder } from '../support/bundle';

withAssets('decant compress --pass prune.weights', function () {
  this.timeout(120_000);
  let folder = '';

  before(async () => {
    folder = await bundle('pruneWeights', { cli: 'src/cli/main.ts', worker: 'src/worker/main.ts', heartbeat: 'src/worker/heartbeat.ts' });
  });

  function compress(pass: string, output: string): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
    const model = assetPath('models/ds_cnn_s-kws12.onnx');
    const args = ['compress', model, '--data', assetPath('data/kws-ds-cnn.json'), '--pass', pass, '-o', output, '--json', '--quiet'];
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [path.join(folder, 'cli.js'), ...args], { cwd: folder, env: { ...process.env, LC_ALL: 'C', DECANT_JOBS: temporaryFolder('jobs') }, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  it('reports pattern, compressed size, latency beside the words that there is no speed, and accuracy', async () => {
    const { status, stdout, stderr } = await compress('prune.weights:pattern=2:4,method=sparsegpt,samples=64', path.join(folder, 'sparse.onnx'));
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout) as CompressReport;
    assert.deepEqual(report.steps.map(({ pass, options }) => [pass, options['pattern'], options['method']]), [['prune.weights', '2:4', 'sparsegpt']]);
    const sparse = report.layers.filter(({ after }) => after.form.text === '2:4 zeros');
    assert.ok(sparse.length >= 5);
    for (const { passes, outputError } of sparse) {
      assert.deepEqual(passes, ['prune.weights']);
      assert.ok(outputError !== null && outputError.sqnrDb > 3, JSON.stringify(outputError));
    }
    const codes = report.warnings.map(({ code }) => code);
    assert.ok(codes.includes('finding.sparseSize') && codes.includes('finding.sparseSpeed'));
    assert.ok(report.before.latency && report.after.latency && report.delta.latency);
    assert.equal(report.after.parameters, report.before.parameters);
    assert.equal(report.after.weightBytes, report.before.weightBytes);
    // The smallest of the models pays most; chance is one in twelve.
    assert.ok(report.delta.metric !== null && (report.after.metric ?? 0) > 0.5, JSON.stringify(report.delta.metric));
  });

  it('refuses a share and a pattern together with status 2 and one sentence', async () => {
    const { status, stdout, stderr } = await compress('prune.weights:pattern=2:4,sparsity=0.5', path.join(folder, 'none.onnx'));
    assert.equal(status, 2);
    assert.equal(stdout.includes('"version"'), false);
    assert.match(stderr, /Option pattern of prune\.weights: "sparsity" and "pattern" say both how many zeros there are\. Allowed: one of the two\./);
  });
});
