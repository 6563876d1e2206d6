import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeProviders } from '../../src/runtime/providers';
import { providerNames, providerOf } from '../../src/runtime/providerNames';

/** Debian's Chromium brings a software Vulkan, which stands in for a graphics card. */
const SOFTWARE_VULKAN = '/usr/lib/chromium/vk_swiftshader_icd.json';

describe('providers', () => {
  it('are all reported, cpu ready and every other with a reason in words', async () => {
    const reports = await probeProviders();
    assert.deepEqual(reports.map((report) => report.name), [...providerNames]);
    const [cpu, ...others] = reports;
    assert.equal(cpu?.state, 'ready');
    assert.ok(cpu?.formats.includes('float32') && cpu.formats.includes('int8') && cpu.formats.includes('int4'));
    assert.equal(cpu?.devices?.length, 1);
    for (const report of others) {
      assert.equal(report.state === 'ready', report.reason === undefined, report.name);
      if (report.state !== 'ready') assert.deepEqual(report.formats, []);
      assert.doesNotMatch(report.reason ?? '', /\{\w+\}|onnxruntime_src/);
    }
  }).timeout(60_000);

  it('include webgpu on a software Vulkan', async function () {
    if (!existsSync(SOFTWARE_VULKAN)) {
      console.warn(`SKIPPED: webgpu is not tested, ${SOFTWARE_VULKAN} is not there (apt-get install libvulkan1 chromium).`);
      this.skip();
    }
    const before = process.env['VK_ICD_FILENAMES'];
    process.env['VK_ICD_FILENAMES'] = SOFTWARE_VULKAN;
    try {
      const [report] = await probeProviders({ providers: ['webgpu'] });
      assert.equal(report?.state, 'ready', report?.reason);
      assert.ok(report?.formats.includes('float32'));
      assert.ok(!report?.formats.includes('int8'), 'there the matrix product of a quantized model runs in float');
    } finally {
      if (before === undefined) delete process.env['VK_ICD_FILENAMES'];
      else process.env['VK_ICD_FILENAMES'] = before;
    }
  }).timeout(60_000);

  it('that crash, hang or do nothing harm nobody but their child', async () => {
    const entry = join(__dirname, 'crashingProbe.cjs');
    const folders = async (): Promise<number> => (await readdir(tmpdir())).filter((name) => name.startsWith('decant-probe-')).length;
    const before = await folders();
    const [crashed, hung, partly, idle] = await probeProviders({ entry, providers: ['cuda', 'webgpu', 'tensorrt', 'coreml'], timeoutMs: 1500 });
    assert.deepEqual([crashed?.state, crashed?.why?.code, crashed?.why?.params['how']], ['failed', 'provider.crashed', 'SIGABRT']);
    assert.deepEqual([hung?.state, hung?.why?.code], ['failed', 'provider.hangs']);
    assert.deepEqual([partly?.state, partly?.formats], ['ready', ['float32', 'bfloat16', 'int8', 'int4']]);
    assert.ok((await folders()) <= before, 'no folder is left behind');
    assert.deepEqual([idle?.state, idle?.why?.code, idle?.why?.params['used']], ['failed', 'provider.notUsed', 'cpu']);
  }).timeout(20_000);

  it('have one name each, and onnxruntime\'s is understood', () => {
    assert.equal(providerOf('CPU'), 'cpu');
    assert.equal(providerOf('dml'), 'directml');
    assert.throws(() => providerOf('npu'), { code: 'unknownProvider' });
  });
});
