// Latency per layer of a model on a provider: one session plain and one with profiling, run interleaved on the same
// inputs; the plain one gives the model's latency, the other the shares. Attribution itself is the engine's.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attribute, type AttributedLayer, type RunRecord } from '../engine/analysis/attribution';
import { EngineError } from '../engine/error';
import { readModel, releaseModel } from '../engine/ir/codec';
import { subgraphs } from '../engine/ir/attributes';
import type { Graph, Model } from '../engine/ir/model';
import type { NdArray } from '../engine/ports';
import type { ProfileReport } from '../protocol/report';
import { nodeFiles } from './files';
import { readProfile } from './profileRecords';
import { sampleInputs } from './sampleInputs';
import { createSession, type RuntimeSession, type RuntimeSessionOptions } from './sessions';
import { mean } from './statistics';
import { timeInterleaved, type Timing } from './timing';

export interface ProfileOptions {
  readonly provider?: string;
  readonly threads?: number;
  /** Size of an open first dimension; default 1. */
  readonly batch?: number;
  /** Measured runs; default as many as fit in two seconds, at least eleven. */
  readonly runs?: number;
  readonly dims?: Readonly<Record<string, number>>;
  /** Real inputs; default made up by `sampleInputs`. */
  readonly feeds?: Readonly<Record<string, NdArray>>;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly progress?: (fraction: number) => void;
}

/** The measured part of a profile report, and the timing of the plain runs. */
export type ModelProfile = Pick<ProfileReport, 'provider' | 'threads' | 'batch' | 'runs' | 'latency' | 'profiled' | 'layers' | 'layout' | 'overhead'>;

/** onnxruntime's profiler keeps at most a million events (profiler.h); a tenth keeps the JSON below 100 MB. */
const MAX_EVENTS = 100_000;
const DEFAULT_BUDGET_MS = 2000;

/**
 * @param layers of the model's main graph, see engine/analysis/layers.ts.
 * @throws EngineError `symbolicDimension`, `modelRejected`, `sessionFailed`, `runFailed`, `cancelled`, ...
 */
export async function profileModel(model: Model, layers: readonly AttributedLayer[], options: ProfileOptions): Promise<ModelProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-profile-'));
  try {
    return await profileIn(folder, named(model), layers, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function profileIn(folder: string, model: Model, layers: readonly AttributedLayer[], options: ProfileOptions): Promise<ModelProfile> {
  const common: RuntimeSessionOptions = {
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.dims !== undefined && { dims: options.dims }),
  };
  const optimizedModel = join(folder, 'optimized.onnx');
  const plain = await createSession(model, common);
  const profiled = await createSession(model, { ...common, profile: { prefix: join(folder, 'profile'), optimizedModel } });
  let timings: readonly Timing[];
  let feeds: Readonly<Record<string, NdArray>>;
  try {
    feeds = options.feeds ?? sampleInputs(model, plain.inputs, options);
    timings = await timeBoth(plain, profiled, feeds, eventsOfRun(model.graph), options);
  } finally {
    profiled.endProfiling();
    await plain.release();
    await profiled.release();
  }
  const [plainTiming, profiledTiming] = timings;
  if (plainTiming === undefined || profiledTiming === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: 'no timing' });
  const records = measuredRuns(await readProfile(await profileFile(folder)), profiledTiming);
  const optimized = await readModel(await nodeFiles.open(optimizedModel), nodeFiles);
  try {
    const { layers: rows, layout, overhead, total, used } = attribute(model.graph, layers, optimized.graph, records);
    return {
      provider: { requested: options.provider ?? 'cpu', used },
      threads: plain.threads,
      batch: batchOf(feeds, options),
      runs: plainTiming.samples.length,
      latency: plainTiming.latency,
      profiled: { mean: total, ratio: mean(profiledTiming.samples) / mean(plainTiming.samples) },
      layers: rows,
      layout,
      overhead,
    };
  } finally {
    await releaseModel(optimized);
  }
}

function timeBoth(plain: RuntimeSession, profiled: RuntimeSession, feeds: Readonly<Record<string, NdArray>>, events: number, options: ProfileOptions): Promise<Timing[]> {
  return timeInterleaved([() => plain.run(feeds), () => profiled.run(feeds)], {
    maxRuns: Math.max(1, Math.floor(MAX_EVENTS / events)),
    ...(options.runs === undefined ? { budgetMs: DEFAULT_BUDGET_MS } : { runs: options.runs }),
    ...(options.signal !== undefined && { signal: options.signal }),
    ...(options.progress !== undefined && { progress: options.progress }),
  });
}

/** Records of the measured runs; those of warm-up runs are left out. */
function measuredRuns(records: readonly RunRecord[], timing: Timing): RunRecord[] {
  return timing.measured.map((run) => {
    const record = records[run];
    if (record === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: `the profile holds ${records.length} runs, wanted run ${run}` });
    return record;
  });
}

async function profileFile(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => name.startsWith('profile') && name.endsWith('.json'));
  if (file === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: 'onnxruntime wrote no profile' });
  return join(folder, file);
}

/** The same model with a name of its own for every node of the main graph: the profile tells kernels apart by name only. */
function named(model: Model): Model {
  const taken = new Set<string>();
  const nodes = model.graph.nodes.map((node, at) => {
    const name = node.name !== '' && !taken.has(node.name) ? node.name : `node_${at}_${node.outputs[0] ?? ''}`;
    taken.add(name);
    return name === node.name ? node : { ...node, name };
  });
  return { ...model, graph: { ...model.graph, nodes } };
}

/** Events of one run, about: kernels of the main graph and of subgraphs once. */
function eventsOfRun(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + 1 + subgraphs(node).reduce((inner, { graph: body }) => inner + eventsOfRun(body), 0), 2);
}

function batchOf(feeds: Readonly<Record<string, NdArray>>, options: ProfileOptions): number {
  return options.batch ?? Object.values(feeds)[0]?.dims[0] ?? 1;
}
