// Decant's half of the throughput benchmark, a process of its own as peerSpeed.py is: takes training steps when told to.
// Arguments: a JSON `SpeedRequest`. Reads lines from standard input: a number takes so many steps, `memory` asks for the
// peak; each is answered by a line of JSON.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readModel } from '../../src/engine/ir/codec';
import type { OptimiserName } from '../../src/engine/train/training';
import { nodeFiles } from '../../src/runtime/files';
import { createRuntime, createSession } from '../../src/runtime/sessions';
import { openStepper } from './stepper';
import { readTensors } from './tensorFile';

export interface SpeedRequest {
  readonly model: string;
  readonly optimizer: OptimiserName;
  readonly threads: number;
  /** Stem of a batch: inputs by name and `labels`. */
  readonly tensors: string;
  /** Prefix of onnxruntime's profile, and the optimised model's path. */
  readonly profile?: { readonly prefix: string; readonly optimizedModel: string };
}

/** Bytes: the largest resident size so far and that of now, from the kernel. */
function memory(): { peak: number; now: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const size = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) * 1024;
  return { peak: size('VmHWM'), now: size('VmRSS') };
}

async function main(): Promise<void> {
  const answer = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const { model, optimizer, threads, tensors, profile } = JSON.parse(process.argv[2] ?? '') as SpeedRequest;
  const { labels, ...inputs } = readTensors(tensors);
  const batch = { inputs, labels: Array.from(labels?.data as BigInt64Array, Number) };
  const before = memory();
  const began = performance.now();
  let sessions = 0;
  const stepper = await openStepper({
    model: await readModel(await nodeFiles.open(model), nodeFiles), optimizer, learningRate: optimizer === 'sgd' ? 0.01 : 1e-4, batches: [batch], provider: 'cpu', threads,
    runtime: {
      ...createRuntime(),
      async createSession(graph, options) {
        sessions += 1;
        if (profile === undefined) return createSession(graph, options);
        const session = await createSession(graph, { ...options, profile: { ...profile, prefix: `${profile.prefix}${sessions}` } });
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
  answer({ nodes: stepper.graph.model.graph.nodes.length, preparing: (performance.now() - began) / 1000, ...before });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === 'memory') {
      answer(memory());
      continue;
    }
    const from = performance.now();
    let loss = NaN;
    for (let step = 0; step < Number(line); step += 1) loss = await stepper.step();
    answer({ seconds: (performance.now() - from) / 1000, loss });
  }
  await stepper.release();
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
