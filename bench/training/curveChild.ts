// Runs training steps on a provider in a process of its own (a provider may take its process down) and prints the losses
// and which provider ran which operators. Argument: a JSON `CurveRequest`; the answer is one line of JSON.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OptimiserName } from '../../src/engine/train/training';
import { readProfile } from '../../src/runtime/profileRecords';
import { createRuntime, createSession } from '../../src/runtime/sessions';
import { type LabelledInputs, openStepper } from './stepper';
import { openModel } from './subjects';
import { readTensors } from './tensorFile';

export interface CurveRequest {
  readonly model: string;
  readonly optimizer: OptimiserName;
  readonly learningRate: number;
  readonly provider: string;
  readonly threads: number;
  /** Stems of batches, one a step. */
  readonly batches: readonly [string, ...string[]];
}

export interface CurveAnswer {
  readonly losses: readonly number[];
  /** Milliseconds a step, median. */
  readonly milliseconds: number;
  /** Kernels of one step by provider, then by operator. */
  readonly kernels: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const PROFILE = 'profile';

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? '') as CurveRequest;
  const folder = await mkdtemp(join(tmpdir(), 'decant-curve-'));
  let sessions = 0;
  try {
    const read = (stem: string): LabelledInputs => {
      const { labels, ...inputs } = readTensors(stem);
      return { inputs, labels: Array.from(labels?.data as BigInt64Array, Number) };
    };
    const [first, ...rest] = request.batches;
    const batches = [read(first), ...rest.map(read)] as const;
    const stepper = await openStepper({
      ...request, batches, model: await openModel(request.model),
      runtime: {
        ...createRuntime(),
        async createSession(graph, options) {
          // Times of a device come by node name.
          graph.graph.nodes.forEach((node, index) => { node.name = `${node.opType}_${index}`; });
          sessions += 1;
          const session = await createSession(graph, { ...options, profile: { prefix: join(folder, `${PROFILE}${sessions}`), optimizedModel: join(folder, `${sessions}.onnx`) } });
          return {
            ...session,
            release() {
              session.endProfiling();
              return session.release();
            },
          };
        },
      },
    });
    const losses: number[] = [];
    const times: number[] = [];
    while (losses.length < batches.length) {
      const began = performance.now();
      losses.push(await stepper.step());
      times.push(performance.now() - began);
    }
    await stepper.release();
    const answer: CurveAnswer = { losses, milliseconds: times.sort((a, b) => a - b)[times.length >> 1] ?? NaN, kernels: await kernelsOf(folder, sessions) };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the last run of the last session. */
async function kernelsOf(folder: string, session: number): Promise<CurveAnswer['kernels']> {
  const file = (await readdir(folder)).find((name) => name.startsWith(`${PROFILE}${session}_`) && name.endsWith('.json'));
  const runs = file === undefined ? [] : await readProfile(join(folder, file));
  const found: Record<string, Record<string, number>> = {};
  for (const { provider, op } of runs.at(-1)?.kernels ?? []) {
    const ops = (found[provider] ??= {});
    ops[op] = (ops[op] ?? 0) + 1;
  }
  return found;
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
