// Figures measured inside a real extension host (bench/host).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outFolder, runInHost } from '../../test/host/harness/inHost';

export interface ActivationFigures {
  /** True when something had activated the extension before it was measured. */
  readonly wasActive: boolean;
  readonly activationMs: number;
  readonly loadsRuntime: boolean;
}

export async function measureActivation(): Promise<ActivationFigures> {
  const { results, problem } = await runInHost('bench/host');
  const failed = results.find(({ state }) => state === 'failed');
  if (problem !== undefined || failed !== undefined) throw new Error(problem ?? failed?.error ?? 'the suite failed');
  return JSON.parse(readFileSync(join(outFolder, 'activation.json'), 'utf8')) as ActivationFigures;
}
