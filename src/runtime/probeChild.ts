// Entry of the throw-away child that tries a provider: whatever a driver does there, it does it to this process. It says
// each format before it tries it, so that the parent knows where it died.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage } from '../engine/error';
import type { FromProbe, ProbeFormat } from './probeMessages';
import { probeFeeds, probeModel, ranIn } from './probeModels';
import { readProfile } from './profileRecords';
import { createSession } from './sessions';

async function main(): Promise<void> {
  const [provider = '', ...formats] = process.argv.slice(2);
  for (const format of formats as ProbeFormat[]) {
    await say({ type: 'trying', format });
    await say(await tryFormat(provider, format));
  }
  await say({ type: 'done' });
  // Some drivers crash while they unload; nothing is left to lose.
  process.exit(0);
}

async function tryFormat(provider: string, format: ProbeFormat): Promise<FromProbe> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-probe-'));
  try {
    const profile = { prefix: join(folder, 'profile'), optimizedModel: join(folder, 'optimized.onnx') };
    const session = await createSession(probeModel(format), { provider, threads: 1, profile });
    await session.run(probeFeeds);
    session.endProfiling();
    const file = (await readdir(folder)).find((name) => name.endsWith('.json'));
    const [run] = file === undefined ? [] : await readProfile(join(folder, file));
    const kernels = run?.kernels ?? [];
    if (ranIn(format, provider, kernels)) return { type: 'ran', format };
    return { type: 'elsewhere', format, used: [...new Set(kernels.map((kernel) => kernel.provider))].join(', ') };
  } catch (error) {
    return { type: 'failed', format, message: errorMessage(error instanceof Error && error.cause !== undefined ? error.cause : error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function say(message: FromProbe): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) reject(new Error('started without a parent'));
    else process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

void main();
