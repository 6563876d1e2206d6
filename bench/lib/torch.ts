// The Python that has PyTorch, for the benchmarks that compare with it: DECANT_TORCH names its program, from a virtual
// environment outside this repository (`python3 -m venv DIR && DIR/bin/pip install torch==2.15.0 onnx==1.23.2`).

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './decant';

export function torchPython(): string {
  const python = process.env['DECANT_TORCH'];
  if (python === undefined) throw new Error('This benchmark compares with PyTorch: set DECANT_TORCH to a Python that has torch 2.15 and onnx 1.23 (bench/lib/torch.ts says how to make one).');
  return python;
}

export const scriptPath = (name: string): string => join(root, 'bench', 'oracles', name);

/** Runs a script of bench/oracles to its end; what it prints on standard output comes back, errors pass through. */
export function runScript(name: string, ...args: readonly string[]): string {
  return execFileSync(torchPython(), [scriptPath(name), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: torchEnvironment() });
}

/** A variable that names a processor for OpenBLAS would slow numpy and torch down or crash them. */
export function torchEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'OPENBLAS_CORETYPE'));
}
