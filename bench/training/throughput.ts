// Full training steps a second beside PyTorch: the same batch and threads, the two programs taking turns in one run.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { releaseModel } from '../../src/engine/ir/codec';
import type { Bench, BenchResult, Claim } from '../lib/bench';
import { root } from '../lib/decant';
import { scriptPath, torchEnvironment, torchPython } from '../lib/torch';
import { asset, inTemporaryFolder } from '../lib/workspace';
import { type LineProcess, startLines } from './lineProcess';
import type { SpeedRequest } from './speedChild';
import { openSubject, type Subject, subjectBatch, subjects, withLabels } from './subjects';
import { writeTensors } from './tensorFile';

/** Issue 4. */
const MIN_MEAN = 0.6;
const MIN_EACH = 0.4;
const MAX_MEMORY = 1.5;

const THREADS = 2;
const WARM_UP = 3;
const TURNS = 7;
const TURN_SECONDS = 1.5;
/** Between turns: the threads of the other program have stopped spinning. */
const PAUSE_MS = 200;

interface Side {
  /** Median over the turns. */
  readonly samplesPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Bytes: peak of the whole process, and what it grew by from before the model was made. */
  readonly peak: number;
  readonly grown: number;
}

interface Comparison {
  readonly subject: Subject;
  readonly decant: Side;
  readonly torch: Side;
  readonly version: string;
  readonly preparing: number;
}

export const trainingThroughput: Bench = {
  name: 'training-throughput',
  title: 'Training steps against PyTorch on CPU',
  run: (log) => inTemporaryFolder(async (folder) => {
    const found: Comparison[] = [];
    for (const subject of subjects) {
      const comparison = await compare(subject, folder);
      log(`${subject.name}: ${comparison.decant.samplesPerSecond.toFixed(0)} against ${comparison.torch.samplesPerSecond.toFixed(0)} samples a second`);
      found.push(comparison);
    }
    return resultOf(found);
  }),
};

async function compare(subject: Subject, folder: string): Promise<Comparison> {
  const tensors = join(folder, subject.peer);
  const model = await openSubject(subject);
  writeTensors(tensors, withLabels(await subjectBatch(subject, model)));
  await releaseModel(model);
  const request: SpeedRequest = { model: asset(`models/${subject.model}.onnx`), optimizer: subject.optimizer, threads: THREADS, tensors };
  const decant = startLines(process.execPath, ['--import', 'tsx', join(root, 'bench', 'training', 'speedChild.ts'), JSON.stringify(request)], process.env);
  const torch = startLines(torchPython(), [scriptPath('peerSpeed.py'), subject.peer, subject.optimizer, String(THREADS), tensors], torchEnvironment());
  try {
    const greetings = { decant: await decant.ask(), torch: await torch.ask() };
    const steps = { decant: await warmUp(decant), torch: await warmUp(torch) };
    const rates = { decant: [] as number[], torch: [] as number[] };
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [name, side] of [['decant', decant], ['torch', torch]] as const) {
        await pause(PAUSE_MS);
        const { seconds } = await side.ask(String(steps[name]));
        rates[name].push((steps[name] * subject.batch) / Number(seconds));
      }
    }
    const sideOf = async (name: 'decant' | 'torch', side: LineProcess): Promise<Side> => {
      const sorted = [...rates[name]].sort((a, b) => a - b);
      const peak = Number((await side.ask('memory'))['peak']);
      return { samplesPerSecond: sorted[TURNS >> 1] ?? NaN, slowest: sorted[0] ?? NaN, fastest: sorted.at(-1) ?? NaN, peak, grown: peak - Number(greetings[name]['now']) };
    };
    return {
      subject, decant: await sideOf('decant', decant), torch: await sideOf('torch', torch),
      version: String(greetings.torch['version']), preparing: Number(greetings.decant['preparing']),
    };
  } finally {
    await decant.end();
    await torch.end();
  }
}

/** Steps that fill a turn. */
async function warmUp(side: LineProcess): Promise<number> {
  await side.ask(String(WARM_UP));
  const { seconds } = await side.ask(String(WARM_UP));
  return Math.max(1, Math.round((TURN_SECONDS * WARM_UP) / Number(seconds)));
}

function resultOf(found: readonly Comparison[]): BenchResult {
  const ratio = ({ decant, torch }: Comparison): number => decant.samplesPerSecond / torch.samplesPerSecond;
  const mean = Math.exp(found.reduce((sum, each) => sum + Math.log(ratio(each)), 0) / found.length);
  const least = found.reduce((low, each) => (ratio(each) < ratio(low) ? each : low));
  const memory = (part: 'peak' | 'grown'): Comparison => found.reduce((high, each) => (each.decant[part] / each.torch[part] > high.decant[part] / high.torch[part] ? each : high));
  const version = `PyTorch ${found[0]?.version ?? ''}, eager`;
  const memoryClaim = (part: 'peak' | 'grown', claim: string, note: string): Claim => {
    const { subject, decant, torch } = memory(part);
    return { claim, wanted: `<= ${MAX_MEMORY}`, found: `at most ${(decant[part] / torch[part]).toFixed(2)} (${subject.name})`, met: decant[part] <= MAX_MEMORY * torch[part], note };
  };
  const claims: readonly Claim[] = [
    { claim: `samples a second, ours over ${version}, geometric mean of ${found.length}`, wanted: `>= ${MIN_MEAN}, aim 1`, found: mean.toFixed(2), met: mean >= MIN_MEAN, note: 'PyTorch\'s networks are written as a PyTorch user does (bench/oracles/peerModels.py), without torch.compile, which wants a C++ compiler; ours run the ONNX files as they are, and their threads sleep between kernels (src/engine/train/stepper.ts), so that they do not collapse beside other work as PyTorch\'s do' },
    { claim: 'the same, the least of them', wanted: `>= ${MIN_EACH}`, found: `${ratio(least).toFixed(2)} (${least.subject.name})`, met: ratio(least) >= MIN_EACH },
    memoryClaim('peak', 'peak of memory, whole process, ours over PyTorch\'s', 'VmHWM; this build of PyTorch holds CUDA libraries, which make its start heavy'),
    memoryClaim('grown', 'growth of memory from before the model was made to the peak', 'what a build of PyTorch without CUDA would show as well'),
  ];
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const rate = ({ samplesPerSecond, slowest, fastest }: Side): string => `${samplesPerSecond.toFixed(0)} (${slowest.toFixed(0)} to ${fastest.toFixed(0)})`;
  return {
    claims,
    tables: [{
      title: `Full steps (forward, backward, update; BatchNormalization in training mode), ${THREADS} threads, one batch of real samples again and again, median (least to most) of ${TURNS} turns of about ${TURN_SECONDS} s that alternate`,
      columns: ['model', 'batch', 'optimizer', 'Decant, samples/s', 'PyTorch, samples/s', 'ratio', 'peak MB', 'PyTorch\'s', 'growth MB', 'PyTorch\'s', 'building the graph, s'],
      rows: found.map((each) => [each.subject.name, String(each.subject.batch), each.subject.optimizer, rate(each.decant), rate(each.torch), ratio(each).toFixed(2),
        megabytes(each.decant.peak), megabytes(each.torch.peak), megabytes(each.decant.grown), megabytes(each.torch.grown), each.preparing.toFixed(2)]),
    }],
  };
}
