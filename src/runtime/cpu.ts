// The processor that measurements were taken on: its name and the instruction sets that decide which number formats are
// fast. Read from the system; where the system does not say, the answer is null, never a guess.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { Environment } from '../protocol/report';
import { runtimeVersion } from './ort';

export interface Cpu {
  readonly model: string;
  /** Those of `relevant` that are there, under Linux's names; null where the system does not tell. */
  readonly features: readonly string[] | null;
}

/**
 * Under Linux's names (x86: arch/x86/include/asm/cpufeatures.h, ARM: Documentation/arch/arm64/elf_hwcaps.rst): the sets
 * that MLAS has kernels for. `asimddp` is ARM's dot product, `i8mm` its int8 matrix product.
 */
const relevant = [
  'avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512bw', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_int8', 'amx_bf16',
  'asimd', 'asimddp', 'asimdhp', 'fphp', 'i8mm', 'bf16', 'sve', 'sme',
] as const;

/** macOS names of the same sets (sysctl, machdep.cpu.* on Intel and hw.optional.arm.* on Apple silicon). */
const darwinNames: Readonly<Record<string, string>> = {
  'AVX1.0': 'avx', AVX2: 'avx2', FMA: 'fma', F16C: 'f16c', AVX512F: 'avx512f', AVX512BW: 'avx512bw', AVX512VNNI: 'avx512_vnni',
  AdvSIMD: 'asimd', FEAT_DotProd: 'asimddp', FEAT_FP16: 'asimdhp', FEAT_I8MM: 'i8mm', FEAT_BF16: 'bf16', FEAT_SME: 'sme',
};

let known: Cpu | undefined;

export function cpu(): Cpu {
  known ??= { model: cpus()[0]?.model.trim() || process.arch, features: readFeatures() };
  return known;
}

/** Whether 8-bit dot products (u8 by s8) add up in 32 bits without saturating on this x64 processor; null when unknown. */
export function hasVnni(): boolean | null {
  const { features } = cpu();
  if (features === null) return null;
  return features.includes('avx512_vnni') || features.includes('avx_vnni');
}

export function environment(provider: string, threads = availableParallelism()): Environment {
  const { model, features } = cpu();
  return { cpu: model, cpuFeatures: features ?? [], threads, runtime: runtimeVersion, provider };
}

function readFeatures(): readonly string[] | null {
  try {
    if (process.platform === 'linux') return linuxFeatures(readFileSync('/proc/cpuinfo', 'utf8'));
    if (process.platform === 'darwin') return darwinFeatures(execFileSync('sysctl', ['-a'], { encoding: 'utf8', maxBuffer: 2 ** 24 }));
  } catch {
    return null; // a sandbox hides the file or the program: unknown
  }
  return null; // Windows tells only through native calls
}

/** From /proc/cpuinfo; null when it has neither `flags` (x86) nor `Features` (ARM). */
export function linuxFeatures(cpuinfo: string): readonly string[] | null {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1];
  return line === undefined ? null : pick(new Set(line.split(/\s+/)));
}

/** From `sysctl -a`. */
export function darwinFeatures(sysctl: string): readonly string[] | null {
  const names = new Set<string>();
  for (const [, list = ''] of sysctl.matchAll(/^machdep\.cpu\.(?:leaf7_)?features:\s*(.*)$/gm)) for (const name of list.split(/\s+/)) names.add(name);
  for (const [, name = ''] of sysctl.matchAll(/^hw\.optional\.(?:arm\.)?(\w+):\s*1$/gm)) names.add(name);
  if (names.size === 0) return null;
  return pick(new Set([...names].flatMap((name) => darwinNames[name] ?? [])));
}

function pick(names: ReadonlySet<string>): readonly string[] {
  return relevant.filter((name) => names.has(name));
}
