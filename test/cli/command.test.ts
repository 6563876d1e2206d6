// The real command in a real process, with a stand-in for the background process beside it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CANCEL_GRACE_MS } from '../../src/protocol/workerMessages';
import { bundleFakeWorker, temporaryFolder } from '../support/bundle';
import { evaluateReport, inspectReport, providerReports } from '../worker/fixtures/fakeResults';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('decant command', function () {
  this.timeout(20_000);
  let folder = '';
  let jobs = '';

  before(async () => {
    folder = await bundleFakeWorker('command', { cli: 'src/cli/main.ts' });
    jobs = temporaryFolder('jobs');
  });

  /** Runs the command; `onStderr` may send it signals. */
  function decant(args: readonly string[], options: { readonly env?: Record<string, string>; readonly onStderr?: (text: string, pid: number) => void } = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [path.join(folder, 'cli.js'), ...args], {
        cwd: folder,
        env: { ...process.env, LC_ALL: 'C', DECANT_JOBS: jobs, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        options.onStderr?.(stderr, child.pid ?? 0);
      });
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  /** Sends `signals` one after the other, once the job has begun to calibrate. */
  function interruptWhenRunning(signals: number): (text: string, pid: number) => void {
    let sent = 0;
    return (text, pid) => {
      const wanted = text.includes('Ctrl-C') ? 2 : text.includes('calibrating') ? 1 : 0;
      for (; sent < Math.min(wanted, signals); sent++) process.kill(pid, 'SIGINT');
    };
  }

  describe('wrong usage is status 2, one sentence, and nothing on standard output', () => {
    const cases: [readonly string[], RegExp][] = [
      [['inspect'], /The argument MODEL is missing\. See "decant inspect --help"/],
      [['inspekt', 'm.onnx'], /"inspekt"; did you mean inspect\?.*"decant --help"/],
      [['inspect', 'm.onnx', '--jsn'], /"--jsn"; did you mean --json\?/],
      [['inspect', 'm.onnx', 'n.onnx'], /too many arguments/],
      [['inspect', 'm.onnx', '--threads'], /--threads <N> needs a value/],
      [['inspect', 'm.onnx', '--threads', '0'], /--threads wants a whole number of at least 1, not "0"/],
      [['compress', 'm.onnx', '--seed', '4294967296'], /--seed takes at most 4294967295/],
      [['inspect', 'm.onnx', '--dim', 'N'], /--dim wants name=SIZE/],
      [['compress', 'm.onnx'], /--recipe FILE or --pass ID/],
      [['compress', '--pass', 'quantize.static'], /argument MODEL is missing/],
      [['compress', 'm.onnx', '--pass', 'x:=1'], /--pass wants ID:key=value/],
      [['compress', 'm.onnx', '--pass', 'x', '--recipe', 'r.json'], /not both/],
      [['check', 'm.onnx'], /--baseline <MODEL> is missing/],
      [['check', 'm.onnx', '--baseline', 'b.onnx'], /at least one of --max-drop/],
      [['check', 'm.onnx', '--baseline', 'b.onnx', '--max-drop', '0.1'], /--max-drop needs data/],
      [['recommend', 'm.onnx', '--budget', '5', '--max-bytes', '9'], /decant recommend is planned/],
      [['compress', '--resume', '.'], /is not the folder of an unfinished job: it has no request\.json/],
    ];
    for (const [args, message] of cases) {
      it(`decant ${args.join(' ')}`, async () => {
        const { status, stdout, stderr } = await decant(args);
        assert.match(stderr, message);
        assert.equal(stderr.trim().split('\n').length, 1);
        assert.deepEqual([status, stdout], [2, '']);
      });
    }

    it('says so in Chinese where the locale is Chinese', async () => {
      const { status, stderr } = await decant(['inspect', 'm.onnx', '--jsn'], { env: { LC_ALL: 'zh_CN.UTF-8' } });
      assert.equal(stderr, '错误: 没有 "--jsn"；是否想用 --json？。请查看 "decant inspect --help"。\n');
      assert.equal(status, 2);
    });
  });

  it('shows help of itself and of every command, with examples', async () => {
    const { status, stdout } = await decant(['--help']);
    assert.equal(status, 0);
    for (const name of ['inspect', 'profile', 'evaluate', 'recommend', 'compress', 'compare', 'check', 'providers']) {
      assert.ok(stdout.includes(`  ${name} `), name);
      const help = await decant([name, '--help']);
      assert.equal(help.status, 0);
      assert.match(help.stdout, new RegExp(`Examples:\\n {2}decant ${name}`));
    }
    assert.equal((await decant([])).status, 2);
  });

  it('says its version', async () => {
    assert.match((await decant(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('prints one JSON document and nothing else with --json', async () => {
    const inspected = await decant(['inspect', 'steps', '--json']);
    assert.deepEqual(JSON.parse(inspected.stdout), inspectReport);
    assert.match(inspected.stderr, /calibrating/);
    assert.deepEqual(JSON.parse((await decant(['providers', '--json'])).stdout), providerReports);
  });

  it('prints the text of a model and nothing else with --text', async () => {
    const { stdout } = await decant(['inspect', 'ok', '--text', '--quiet']);
    assert.equal(stdout, 'main () => () {}\n# {"model":"ok"}\n');
  });

  it('is silent on standard error with --quiet', async () => {
    const { status, stderr } = await decant(['inspect', 'steps', '--quiet']);
    assert.deepEqual([status, stderr], [0, '']);
  });

  it('prints tables for people', async () => {
    const inspected = (await decant(['inspect', 'ok'])).stdout;
    assert.match(inspected, /conv_out\s+Conv\s+float32\s+N x 4 x 8 x 8\s+900\s+3\.60 kB\s+123 k\s+2\.05 kB/);
    assert.match((await decant(['profile', 'ok'])).stdout, /conv_out\s+Conv\s+cpu\s+0\.800 ms\s+0\.700 ms \.\. 0\.900 ms\s+72\.7 %\s+█+/);
    assert.match((await decant(['evaluate', 'ok', '--data', 'd'])).stdout, /change\s+−1\.00 \[−2\.00, 0\.00\] undecided/);
    assert.match((await decant(['compare', 'a', 'b'])).stdout, /conv_out\s+Conv\s+int8 per channel\s+900 B\s+−75 %\s+123 k\s+0\.800 → 0\.400\s+38\.2 dB/);
    assert.match((await decant(['providers'])).stdout, /cuda\s+missing\s+libcudart/);
  });

  it('hands every option over to the job', async () => {
    const { stdout } = await decant([
      'evaluate', 'm.onnx', '--baseline', 'b.onnx', '--data', 'd.json', '--metric', 'f1', '--limit', '7', '--trust-metric',
      '--provider', 'cpu', '--threads', '3', '--dim', 'N=2', '--dim', 'seq=128', '--split', 'val', '--json',
    ]);
    assert.deepEqual(JSON.parse(stdout), {
      ...evaluateReport,
      request: {
        model: 'm.onnx', baseline: 'b.onnx', data: 'd.json', metric: 'f1', limit: 7, trusted: true,
        provider: 'cpu', threads: 3, dims: { N: 2, seq: 128 }, split: 'val',
      },
    });
  });

  it('takes passes in order, with nested keys, and absolute paths', async () => {
    const { stdout } = await decant(['compress', 'm.onnx', '--pass', 'cleanup', '--pass', 'quantize.weights:bits.weights=4,method=rtn,perChannel=true', '-o', 'out.onnx', '--seed', '0', '--json']);
    const { request } = JSON.parse(stdout) as { request: unknown };
    assert.deepEqual(request, {
      model: path.join(folder, 'm.onnx'), output: path.join(folder, 'out.onnx'), seed: 0,
      recipe: { version: 1, passes: [{ pass: 'cleanup' }, { pass: 'quantize.weights', bits: { weights: 4 }, method: 'rtn', perChannel: true }] },
    });
  });

  it('takes the model of the recipe, and judges its constraints', async () => {
    const recipe = path.join(temporaryFolder('recipe'), 'r.json');
    writeFileSync(recipe, JSON.stringify({ version: 1, model: 'ok.onnx', passes: [], constraints: { maxDrop: 0.001, maxBytes: 2000 } }));
    const { status, stdout, stderr } = await decant(['compress', '--recipe', recipe, '--json']);
    assert.equal(status, 1);
    assert.match(stderr, /The goal was not met: the worsening of the metric is 0\.01, wanted 0\.001/);
    assert.equal((JSON.parse(stdout) as { request: { model: string } }).request.model, path.join(path.dirname(recipe), 'ok.onnx'));
  });

  it('refuses a recipe that is none', async () => {
    const recipe = path.join(temporaryFolder('recipe'), 'r.json');
    writeFileSync(recipe, '{"passes": ');
    assert.match((await decant(['compress', 'm.onnx', '--recipe', recipe])).stderr, /r\.json is not a valid recipe at \/: .*JSON.* Allowed: well-formed JSON/);
    writeFileSync(recipe, '[]');
    assert.equal((await decant(['compress', 'm.onnx', '--recipe', recipe])).status, 2);
    assert.equal((await decant(['compress', 'm.onnx', '--recipe', `${recipe}.gone`])).status, 3);
  });

  it('checks: status 0 when every limit is kept, 1 when one is not', async () => {
    const check = ['check', 'ok', '--baseline', 'b', '--data', 'd', '--json'];
    const kept = await decant([...check, '--max-drop', '0.01', '--max-bytes', '1300', '--max-latency-ratio', '0.5']);
    assert.deepEqual([kept.status, (JSON.parse(kept.stdout) as { passed: boolean }).passed], [0, true]);
    const missed = await decant([...check, '--max-latency-ratio', '0.4']);
    assert.deepEqual([missed.status, (JSON.parse(missed.stdout) as { passed: boolean }).passed], [1, false]);
    assert.match(missed.stderr, /the ratio of latencies is 0\.5, wanted 0\.4/);
  });

  it('has the exit status of the error, with standard output empty', async () => {
    const missing = await decant(['inspect', 'missing', '--json']);
    assert.deepEqual([missing.status, missing.stdout], [3, '']);
    assert.match(missing.stderr, /error: There is no file missing\.onnx/);
    assert.equal((await decant(['inspect', 'abort'])).status, 4);
  });

  it('says where it cannot keep the job', async () => {
    const { status, stderr } = await decant(['compress', 'ok', '--pass', 'cleanup'], { env: { DECANT_JOBS: path.join(folder, 'cli.js', 'jobs') } });
    assert.equal(status, 4);
    assert.match(stderr, /cannot keep its notes in .*ENOTDIR.*DECANT_JOBS/);
  });

  it('cancels on Ctrl-C even while the job is blocked, and tells how to go on', async () => {
    const { status, stdout, stderr } = await decant(['compress', 'blocked.onnx', '--pass', 'cleanup', '--json'], { onStderr: interruptWhenRunning(1) });
    assert.deepEqual([status, stdout], [130, '']);
    const [, job] = /Go on with: decant compress blocked\.onnx --resume (\S+)/.exec(stderr) ?? [];
    assert.ok(job !== undefined && existsSync(path.join(job, 'checkpoint.json')), stderr);
    const again = await decant(['compress', 'blocked.onnx', '--resume', job], { onStderr: interruptWhenRunning(1) });
    assert.equal(again.status, 130);
    assert.match((await decant(['compress', 'other.onnx', '--resume', job])).stderr, /--resume takes everything from the job/);
  });

  it('kills at once on the second Ctrl-C', async function () {
    // A machine busy with other tests may be late once.
    this.retries(2);
    const interrupt = interruptWhenRunning(2);
    let start = Infinity;
    const { status } = await decant(['inspect', 'blocked.onnx'], {
      onStderr: (text, pid) => {
        start = Math.min(start, performance.now());
        interrupt(text, pid);
      },
    });
    assert.equal(status, 130);
    assert.ok(performance.now() - start < CANCEL_GRACE_MS, 'it must not wait for the grace of the first');
  });

  it('keeps a folder for compress only', async () => {
    const before = readdirSync(jobs).length;
    await decant(['inspect', 'ok']);
    assert.equal(readdirSync(jobs).length, before);
    await decant(['compress', 'ok', '--pass', 'cleanup']);
    assert.ok(readdirSync(jobs).length > before);
  });
});
