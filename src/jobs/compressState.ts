// What a compression keeps in its job folder so that a killed job goes on after its last finished pass: the model so far,
// and what the run knows beside it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../engine/error';
import { readModel } from '../engine/ir/codec';
import type { PassCheckpoint } from '../engine/passes/pass';
import type { RunState } from '../engine/passes/runPasses';
import type { Finding, StepReport } from '../protocol/report';
import type { FormCode, Said } from '../protocol/text/index';
import { nodeFiles } from '../runtime/files';
import { saveModel } from '../runtime/saveModel';
import { readCheckpoint, writeCheckpoint, writeFileAtomic } from './jobFolder';

/** The run's knowledge as JSON: maps as lists of pairs. */
interface StoredState {
  readonly origins: readonly (readonly [string, readonly string[]])[];
  readonly forms: readonly (readonly [string, Said<FormCode>])[];
  readonly touched: readonly (readonly [string, readonly string[]])[];
  readonly findings: readonly Finding[];
}

export interface Resumed {
  readonly state: RunState;
  readonly step: number;
  readonly steps: readonly StepReport[];
  readonly inputs: Readonly<Record<string, string>>;
}

/** Keeps the state after `step` passes. The checkpoint is written last: it names files that are whole. */
export async function saveState(folder: string, step: number, state: RunState, steps: readonly StepReport[], inputs: Readonly<Record<string, string>>): Promise<string> {
  const file = `step-${step}.onnx`;
  await saveModel(state.model, join(folder, file), { replace: true });
  const stored: StoredState = { origins: [...state.origins], forms: [...state.forms], touched: [...state.touched], findings: state.findings };
  writeFileAtomic(join(folder, stateFile(file)), JSON.stringify(stored));
  writeCheckpoint(folder, { version: 1, step, file, steps, inputs });
  return file;
}

/** The state after the last finished pass, or undefined when none was finished. The caller releases the model. */
export async function loadState(folder: string): Promise<Resumed | undefined> {
  const checkpoint = readCheckpoint(folder);
  if (checkpoint === undefined) return undefined;
  const stored = JSON.parse(readFileSync(join(folder, stateFile(checkpoint.file)), 'utf8')) as StoredState;
  const model = await readModel(await nodeFiles.open(join(folder, checkpoint.file)), nodeFiles);
  return {
    state: { model, origins: new Map(stored.origins), forms: new Map(stored.forms), touched: new Map(stored.touched), findings: stored.findings },
    step: checkpoint.step,
    steps: checkpoint.steps,
    inputs: checkpoint.inputs,
  };
}

/** Bytes that the pass at `step`, or a pass that it applied (`call`), keeps between kills. */
export function passCheckpoint(folder: string, step: number, call?: string): PassCheckpoint {
  const file = join(folder, `pass-${step}${call === undefined ? '' : `-${call}`}.bin`);
  return {
    load: () => Promise.resolve(existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined),
    save: (bytes) => {
      writeFileAtomic(file, bytes);
      return Promise.resolve();
    },
  };
}

/** A job that goes on must stand on the same files. */
export function requireSameInputs(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): void {
  const changed = Object.keys(now).find((path) => before[path] !== now[path]);
  if (changed !== undefined) throw new EngineError('inputChanged', { file: changed });
}

function stateFile(model: string): string {
  return model.replace(/\.onnx$/, '.state.json');
}
