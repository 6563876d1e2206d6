// The execution providers Decant knows, under their canonical names, and what onnxruntime-node calls them.

import { EngineError } from '../engine/error';

export const providerNames = ['cpu', 'cuda', 'tensorrt', 'directml', 'webgpu', 'coreml'] as const;
export type ProviderName = (typeof providerNames)[number];

const ortNames: Readonly<Record<ProviderName, string>> = {
  cpu: 'cpu', cuda: 'cuda', tensorrt: 'tensorrt', directml: 'dml', webgpu: 'webgpu', coreml: 'coreml',
};

/** Class names in profiles and in graph assignments (onnxruntime, core/graph/constants.h). */
const executionProviders: Readonly<Record<string, ProviderName>> = {
  CPUExecutionProvider: 'cpu', CUDAExecutionProvider: 'cuda', TensorrtExecutionProvider: 'tensorrt',
  DmlExecutionProvider: 'directml', WebGpuExecutionProvider: 'webgpu', CoreMLExecutionProvider: 'coreml',
};

/** Accepts the canonical names and onnxruntime's `dml`; throws `unknownProvider` for anything else. */
export function providerOf(name: string): ProviderName {
  const lower = name.toLowerCase();
  const found = providerNames.find((provider) => provider === lower || ortNames[provider] === lower);
  if (found === undefined) throw new EngineError('unknownProvider', { provider: name, known: providerNames.join(', ') });
  return found;
}

export function ortProviderOf(name: ProviderName): string {
  return ortNames[name];
}

/** `CPUExecutionProvider` -> `cpu`; a class we do not know keeps its name. */
export function providerOfClass(className: string): string {
  return executionProviders[className] ?? className;
}
