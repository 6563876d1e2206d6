// Which execution providers work here: each is tried in a child of its own, since a driver may crash or hang, and what
// onnxruntime lists as supported is only what is in its package.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { said, type ProviderCode, type TextParams } from '../protocol/text/index';
import type { ProviderReport } from '../protocol/report';
import { cpu } from './cpu';
import type { FromProbe, ProbeFormat } from './probeMessages';
import { probeFormats } from './probeMessages';
import { type ProviderName, providerNames } from './providerNames';

/** Longest a provider may take in all; TensorRT compiles for some seconds. */
const PROBE_TIMEOUT_MS = 30_000;

/** Systems that a provider of onnxruntime-node exists for, as Node calls them (its README, "Supported platforms"). */
const platforms: Readonly<Partial<Record<ProviderName, readonly NodeJS.Platform[]>>> = {
  directml: ['win32'], coreml: ['darwin'], cuda: ['linux', 'win32'], tensorrt: ['linux', 'win32'],
};
const platformTitles: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'Windows', darwin: 'macOS', linux: 'Linux' };

export interface ProbeOptions {
  readonly providers?: readonly ProviderName[];
  readonly timeoutMs?: number;
  /** Another child than ours; for tests. */
  readonly entry?: string;
  readonly signal?: AbortSignal;
}

/** One report for each provider, in the order of `providerNames`. Never throws for what a provider does. */
export function probeProviders(options: ProbeOptions = {}): Promise<ProviderReport[]> {
  return Promise.all((options.providers ?? providerNames).map((provider) => probe(provider, options)));
}

async function probe(provider: ProviderName, options: ProbeOptions): Promise<ProviderReport> {
  const systems = platforms[provider];
  if (systems !== undefined && !systems.includes(process.platform) && options.entry === undefined) {
    return refusal(provider, 'missing', 'provider.otherPlatform', { platforms: systems.map((system) => platformTitles[system] ?? system).join(', ') });
  }
  const outcomes = await tryFormats(provider, options);
  const [plain] = outcomes;
  const formats = outcomes.filter((outcome) => outcome.type === 'ran').map((outcome) => outcome.format);
  if (plain?.type !== 'ran') return explain(provider, plain);
  return { name: provider, state: 'ready', formats, ...(provider === 'cpu' && { devices: [cpu().model] }) };
}

type Outcome =
  | Extract<FromProbe, { readonly type: 'ran' | 'elsewhere' | 'failed' }>
  | { readonly type: 'crashed'; readonly format: ProbeFormat; readonly how: string }
  | { readonly type: 'hung'; readonly format: ProbeFormat; readonly seconds: number };

/** Tries the formats in one child; when a format kills it, another child goes on with the next. */
async function tryFormats(provider: ProviderName, options: ProbeOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < probeFormats.length) {
    outcomes.push(...(await runChild(provider, probeFormats.slice(outcomes.length), options)));
    if (outcomes[0]?.type !== 'ran') break;
  }
  return outcomes;
}

/** In a folder of its own, which goes with it: a child that dies cleans nothing up. */
async function runChild(provider: ProviderName, formats: readonly ProbeFormat[], options: ProbeOptions): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-probe-'));
  try {
    return await watchChild(startChild([provider, ...formats], folder, options), formats, options);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function watchChild(child: ChildProcess, formats: readonly ProbeFormat[], options: ProbeOptions): Promise<Outcome[]> {
  const [first] = formats;
  const timeoutMs = options.timeoutMs ?? PROBE_TIMEOUT_MS;
  return new Promise((resolve) => {
    const outcomes: Outcome[] = [];
    let trying = first ?? 'float32';
    const timer = setTimeout(() => {
      outcomes.push({ type: 'hung', format: trying, seconds: timeoutMs / 1000 });
      finish();
    }, timeoutMs);
    const finish = (): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve(outcomes);
      else child.once('exit', () => resolve(outcomes)).kill('SIGKILL');
    };
    child.on('message', (message: FromProbe) => {
      if (message.type === 'trying') trying = message.format;
      else if (message.type === 'done') finish();
      else {
        outcomes.push(message);
        // Without float32 the others say nothing more.
        if (outcomes.length === 1 && first === probeFormats[0] && message.type !== 'ran') finish();
      }
    });
    child.on('exit', (code, signal) => {
      outcomes.push({ type: 'crashed', format: trying, how: signal ?? `exit ${code ?? 0}` });
      finish();
    });
    child.on('error', (error) => {
      outcomes.push({ type: 'crashed', format: trying, how: error.message });
      finish();
    });
  });
}

function startChild(args: readonly string[], folder: string, options: ProbeOptions): ChildProcess {
  const { file, execArgv } = options.entry === undefined ? ownEntry() : { file: options.entry, execArgv: [] };
  return fork(file, args, {
    execArgv,
    // The three names under which systems look for the folder of temporary files.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', TMPDIR: folder, TMP: folder, TEMP: folder },
    // Drivers print; their words are not ours.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    ...(options.signal !== undefined && { signal: options.signal }),
  });
}

/** dist/probe.js beside the bundle this is part of; from source, probeChild.ts through tsx. */
function ownEntry(): { readonly file: string; readonly execArgv: string[] } {
  if (!__filename.endsWith('.ts')) return { file: join(__dirname, 'probe.js'), execArgv: [] };
  return { file: join(__dirname, 'probeChild.ts'), execArgv: ['--require', createRequire(__filename).resolve('tsx/cjs')] };
}

// ── reasons ──────────────────────────────────────────────────────────────────────────────────────────────────────

const LIBRARIES_MISSING = /Failed to load shared library|cannot open shared object|LoadLibrary failed|not enabled in this build/i;
const NO_DEVICE = /Failed to get a WebGPU adapter|No supported adapters|no CUDA-capable device|DXGI_ERROR_NOT_FOUND/i;
const NO_BACKEND = /backend not found/i;

function explain(provider: ProviderName, outcome: Outcome | undefined): ProviderReport {
  switch (outcome?.type) {
    case 'crashed': return refusal(provider, 'failed', 'provider.crashed', { how: outcome.how });
    case 'hung': return refusal(provider, 'failed', 'provider.hangs', { seconds: outcome.seconds });
    case 'elsewhere': return refusal(provider, 'failed', 'provider.notUsed', { used: outcome.used });
    case 'failed':
      if (LIBRARIES_MISSING.test(outcome.message)) return refusal(provider, 'missing', 'provider.librariesMissing');
      if (NO_DEVICE.test(outcome.message)) return refusal(provider, 'missing', 'provider.noDevice');
      if (NO_BACKEND.test(outcome.message)) return refusal(provider, 'missing', 'provider.notInBuild');
      return refusal(provider, 'failed', 'provider.failed', { reason: outcome.message });
    case 'ran':
    case undefined:
      return refusal(provider, 'failed', 'provider.failed', { reason: '' });
  }
}

function refusal(provider: ProviderName, state: 'missing' | 'failed', code: ProviderCode, params: TextParams = {}): ProviderReport {
  const why = said(code, { provider, ...params });
  return { name: provider, state, reason: why.text, why, formats: [] };
}
