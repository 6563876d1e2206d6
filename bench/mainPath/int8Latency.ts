// int8 against float at batch 1 and 32, interleaved in one process, and which layers gain.

import { join } from 'node:path';
import { layersOf } from '../../src/jobs/layers';
import { openModel } from '../../src/jobs/openModel';
import { releaseModel } from '../../src/engine/ir/codec';
import { savedOrigins } from '../../src/engine/passes/origins';
import { hasVnni } from '../../src/runtime/cpu';
import { profileModels } from '../../src/runtime/profiler';
import { compareTimings } from '../../src/runtime/timing';
import type { CompressReport } from '../../src/protocol/report';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { decant } from '../lib/decant';
import { asset, inTemporaryFolder } from '../lib/workspace';

const MODEL = 'fashion-resnet18';
const BATCHES = [1, 32];
/** Issue 2, on a CPU with VNNI. */
const MAX_RATIO = 0.8;

export const int8Latency: Bench = {
  name: 'int8-latency',
  title: 'int8 latency against float, batch 1 and 32',
  run: (log) => inTemporaryFolder(async (folder) => {
    const output = join(folder, `${MODEL}.int8.onnx`);
    await decant<CompressReport>('compress', asset(`models/${MODEL}.onnx`), '--data', asset('data/fashion-mnist-subset.json'), '--limit', '64', '--pass', 'quantize.static', '-o', output);
    const claims: Claim[] = [];
    const tables: BenchTable[] = [];
    for (const batch of BATCHES) {
      log(`batch ${batch}`);
      const { claim, table } = await compareAt(batch, output);
      claims.push(claim);
      tables.push(table);
    }
    return { claims, tables };
  }),
};

async function compareAt(batch: number, output: string): Promise<{ readonly claim: Claim; readonly table: BenchTable }> {
  const models = [await openModel(asset(`models/${MODEL}.onnx`)), await openModel(output)];
  try {
    const subjects = await Promise.all(models.map(async ({ model }) => ({ model, layers: await layersOf(model) })));
    const [float, int8] = await profileModels(subjects, { batch });
    if (float === undefined || int8 === undefined) throw new Error('no profile');
    const { ratio, interval } = compareTimings(float.timing, int8.timing);
    const origins = models[1] && savedOrigins(models[1].model)?.origins;
    const after = new Map(int8.profile.layers.map((layer) => [origins?.get(layer.id)?.[0] ?? layer.id, layer]));
    return {
      claim: {
        claim: `${MODEL}, batch ${batch}: int8 / float latency`,
        wanted: `<= ${MAX_RATIO}`,
        found: `${ratio.toFixed(2)} [${interval.map((bound) => bound.toFixed(2)).join(', ')}] (${float.profile.latency.median.toFixed(2)} to ${int8.profile.latency.median.toFixed(2)} ms)`,
        met: ratio <= MAX_RATIO,
        note: hasVnni() === true ? 'VNNI' : 'this CPU has no VNNI',
      },
      table: {
        title: `Batch ${batch}: layers (mean ms)`,
        columns: ['layer', 'op', 'float', 'int8', 'ratio'],
        rows: float.profile.layers.map(({ id, op, latency }) => {
          const quantized = after.get(id)?.latency.mean;
          return [id, op, latency.mean.toFixed(3), quantized?.toFixed(3) ?? '', quantized === undefined ? '' : (quantized / latency.mean).toFixed(2)];
        }),
      },
    };
  } finally {
    for (const { model } of models) await releaseModel(model);
  }
}
