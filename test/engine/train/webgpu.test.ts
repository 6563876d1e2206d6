// The training graph on WebGPU in short: three steps of a small ResNet give the CPU's losses. In a process of its own, as a
// provider may take its process down. The long form is the benchmark training-webgpu.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CurveAnswer, CurveRequest } from '../../../bench/training/curveChild';
import { writeTensors } from '../../../bench/training/tensorFile';
import { resnet } from '../../../examples/training/resnet';
import { writeModel } from '../../../src/engine/ir/codec';
import { exportTrained } from '../../../src/engine/train/exportTrained';
import { initialise } from '../../../src/engine/train/initialise';
import { prepareTraining } from '../../../src/engine/train/prepare';
import { writeAtomically } from '../../../src/runtime/files';
import { repositoryRoot } from '../../support/assets';
import { uniform } from '../../support/gradientCheck';

/** Debian's Chromium brings a software Vulkan, which stands in for a graphics card. */
const SOFTWARE_VULKAN = '/usr/lib/chromium/vk_swiftshader_icd.json';
const [STEPS, BATCH, SIZE, CLASSES] = [3, 4, 12, 4] as const;

describe('training on WebGPU', () => {
  it('has the losses of the CPU', async function () {
    if (!existsSync(SOFTWARE_VULKAN)) {
      console.warn(`SKIPPED: training on webgpu is not tested, ${SOFTWARE_VULKAN} is not there (apt-get install libvulkan1 chromium).`);
      this.skip();
    }
    const folder = await mkdtemp(join(tmpdir(), 'decant-webgpu-'));
    try {
      const untrained = resnet({ channels: 1, size: SIZE, classes: CLASSES, blocks: 1, width: 4 });
      const { parameters } = await prepareTraining(untrained, { batch: BATCH, dims: {}, isFrozen: () => false, batchNorm: 'train' });
      const model = join(folder, 'model.onnx');
      await writeAtomically(model, async (sink) => writeModel(exportTrained(untrained, await initialise(untrained, parameters, 1)), sink));
      const batches = Array.from({ length: STEPS }, (_, step) => {
        const stem = join(folder, String(step));
        writeTensors(stem, { input: uniform([BATCH, 1, SIZE, SIZE], step), labels: { type: 'int64', dims: [BATCH], data: BigInt64Array.from({ length: BATCH }, (_value, sample) => BigInt((sample + step) % CLASSES)) } });
        return stem;
      }) as [string, ...string[]];
      const run = async (provider: string): Promise<CurveAnswer> => {
        const request: CurveRequest = { model, optimizer: 'sgd', learningRate: 0.05, provider, threads: 2, batches };
        const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(repositoryRoot, 'bench', 'training', 'curveChild.ts'), JSON.stringify(request)],
          { env: { ...process.env, VK_ICD_FILENAMES: SOFTWARE_VULKAN } });
        return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as CurveAnswer;
      };
      const [cpu, webgpu] = [await run('cpu'), await run('webgpu')];
      assert.equal(cpu.losses.length, STEPS);
      cpu.losses.forEach((loss, step) => assert.ok(Math.abs(loss - (webgpu.losses[step] ?? NaN)) <= 1e-3, `step ${step + 1}: ${loss} on the CPU, ${webgpu.losses[step]} on WebGPU`));
      assert.ok(Object.keys(webgpu.kernels['webgpu'] ?? {}).includes('Conv'), `WebGPU runs ${JSON.stringify(webgpu.kernels)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }).timeout(180_000);
});
