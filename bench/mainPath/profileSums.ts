// Whether the profile adds up, and whether two runs tell the same story.

import type { ProfileReport } from '../../src/protocol/report';
import type { Bench, Claim } from '../lib/bench';
import { decant } from '../lib/decant';
import { asset } from '../lib/workspace';

const MODELS = ['resnet20-cifar10', 'fashion-resnet18', 'fashion-mobilenetv2', 'sst2-transformer', 'version-RFB-320', 'silero_vad_half'];
/** Sizes of open dimensions; the first is 1 by default. */
const DIMS: Readonly<Record<string, readonly string[]>> = { silero_vad_half: ['--dim', 'sequence=512'] };
/** Issue 2: kernels, layout and gap equal the profiled total within 2 %. */
const TOLERANCE = 0.02;
const SLOWEST = 5;

export const profileSums: Bench = {
  name: 'profile',
  title: 'Latency per layer: sums and repeatability',
  async run(log) {
    const rows: string[][] = [];
    const claims: Claim[] = [];
    for (const model of MODELS) {
      log(model);
      const first = await profile(model);
      const second = await profile(model);
      const errors = [first, second].map(sumError);
      const same = sameSlowest(first, second);
      const mean = (first.profiled.mean + second.profiled.mean) / 2;
      rows.push([
        model, mean.toFixed(3), errors.map((error) => `${(error * 100).toFixed(2)} %`).join(', '), [first, second].map(({ profiled }) => profiled.ratio.toFixed(2)).join(', '),
        `${((first.overhead / first.profiled.mean) * 100).toFixed(1)} %`, same ? 'same' : 'differ', slowest(first).join(', '),
      ]);
      if (model !== 'resnet20-cifar10' && model !== 'fashion-resnet18') continue;
      claims.push(
        { claim: `${model}: layers + layout + gap against the profiled total`, wanted: 'within 2 %', found: errors.map((error) => `${(error * 100).toFixed(2)} %`).join(', '), met: errors.every((error) => error <= TOLERANCE) },
        { claim: `${model}: five slowest layers in two runs`, wanted: 'the same', found: same ? 'the same' : `${slowest(first).join(', ')} / ${slowest(second).join(', ')}`, met: same },
      );
    }
    return { claims, tables: [{ title: 'All', columns: ['model', 'profiled ms', 'sum differs by', 'profiled / plain', 'gap', 'five slowest in two runs', 'slowest'], rows }] };
  },
};

async function profile(model: string): Promise<ProfileReport> {
  return (await decant<ProfileReport>('profile', asset(`models/${model}.onnx`), ...(DIMS[model] ?? []))).result;
}

function sumError({ layers, layout, overhead, profiled }: ProfileReport): number {
  const sum = layers.reduce((total, { latency }) => total + latency.mean, 0) + layout + overhead;
  return Math.abs(sum - profiled.mean) / profiled.mean;
}

function slowest({ layers }: ProfileReport): string[] {
  return [...layers].sort((a, b) => b.latency.mean - a.latency.mean).slice(0, SLOWEST).map(({ id }) => id);
}

function sameSlowest(first: ProfileReport, second: ProfileReport): boolean {
  const other = new Set(slowest(second));
  return slowest(first).every((id) => other.has(id));
}
