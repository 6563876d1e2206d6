// The hardware a recipe is for. Absent or the name of a provider: this machine.

import { EngineError } from '../engine/error';
import type { Target } from '../engine/passes/pass';
import { hasVnni } from '../runtime/cpu';

/** Targets by name; whether 8-bit products add up without saturating there (quantization-checklist, first line). */
const targets: Readonly<Record<string, Target>> = {
  'cpu-vnni': { provider: 'cpu', wideAccumulation: true },
  'cpu-avx2': { provider: 'cpu', wideAccumulation: false },
  'cpu-arm': { provider: 'cpu', wideAccumulation: true },
};

const planned: readonly string[] = ['cuda', 'tensorrt', 'directml', 'webgpu', 'coreml', 'qnn'];

export function targetOf(name: string | undefined): Target {
  const known = name === undefined ? undefined : targets[name];
  if (known !== undefined) return known;
  if (name === undefined || name === 'cpu') return { provider: 'cpu', wideAccumulation: hostHasWideAccumulation() };
  const allowed = ['cpu', ...Object.keys(targets)].join(', ');
  if (planned.includes(name)) throw new EngineError('optionNotReady', { path: 'target', value: name, pass: 'recipe', allowed });
  throw new EngineError('invalidOption', { path: 'target', pass: 'recipe', problem: 'problem.notAllowed', value: name, allowed });
}

/** On ARM the dot products widen; on x64 only VNNI does (unknown features count as none, which is the safe side). */
function hostHasWideAccumulation(): boolean {
  return process.arch === 'arm64' || hasVnni() === true;
}
