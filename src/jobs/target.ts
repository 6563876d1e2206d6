// The hardware a recipe is for. Absent or the name of a provider: this machine.

import { EngineError } from '../engine/error';
import { type Target, USUAL_BLOCK } from '../engine/passes/pass';
import { cpu, hasVnni } from '../runtime/cpu';

/**
 * Channels in a block of onnxruntime's blocked convolutions (MlasNchwcGetBlockSize): as many floats as a vector register
 * holds. Measured with AVX512: times rise in steps of 16 channels.
 */
const AVX512_BLOCK = 16;

/** Targets by name; whether 8-bit products add up without saturating there (quantization-checklist, first line). */
const targets: Readonly<Record<string, Target>> = {
  // Most of them have AVX512; for those with AVX2 (avx_vnni) it is two whole blocks.
  'cpu-vnni': { provider: 'cpu', wideAccumulation: true, channelBlock: AVX512_BLOCK },
  'cpu-avx2': { provider: 'cpu', wideAccumulation: false, channelBlock: USUAL_BLOCK },
  'cpu-arm': { provider: 'cpu', wideAccumulation: true },
};

const planned: readonly string[] = ['cuda', 'tensorrt', 'directml', 'webgpu', 'coreml', 'qnn'];

export function targetOf(name: string | undefined): Target {
  const known = name === undefined ? undefined : targets[name];
  if (known !== undefined) return known;
  if (name === undefined || name === 'cpu') return { provider: 'cpu', wideAccumulation: hostHasWideAccumulation(), channelBlock: hostBlock() };
  const allowed = ['cpu', ...Object.keys(targets)].join(', ');
  if (planned.includes(name)) throw new EngineError('optionNotReady', { path: 'target', value: name, pass: 'recipe', allowed });
  throw new EngineError('invalidOption', { path: 'target', pass: 'recipe', problem: 'problem.notAllowed', value: name, allowed });
}

/** On ARM the dot products widen; on x64 only VNNI does (unknown features count as none, which is the safe side). */
function hostHasWideAccumulation(): boolean {
  return process.arch === 'arm64' || hasVnni() === true;
}

function hostBlock(): number {
  return cpu().features?.includes('avx512f') === true ? AVX512_BLOCK : USUAL_BLOCK;
}
