// Latency per layer of models on a provider: for each one session plain and one with profiling, all run interleaved on
// the same inputs; the plain ones give the models' latency, the others the times of layers. Attribution is the engine's.

import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attribute, type AttributedLayer, type RunRecord } from '../engine/analysis/attribution';
import { EngineError } from '../engine/error';
import { readModel, releaseModel } from '../engine/ir/codec';
import { subgraphs } from '../engine/ir/attributes';
import type { Graph, Model } from '../engine/ir/model';
import type { FileSystem, NdArray } from '../engine/ports';
import type { Finding, ProfileReport } from '../protocol/report';
import { said } from '../protocol/text/index';
import { nodeFiles } from './files';
import { readProfile } from './profileRecords';
import { sampleInputs } from './sampleInputs';
import { createSession, type RuntimeSession, type RuntimeSessionOptions } from './sessions';
import { quantile } from './statistics';
import { timeInterleaved, type Timing } from './timing';

export interface ProfileOptions {
  readonly provider?: string;
  readonly threads?: number;
  /** Size of an open first dimension; default 1. */
  readonly batch?: number;
  /** Measured runs; default as many as fit in two seconds, at least eleven; fewer where the profile would not fit in memory. */
  readonly runs?: number;
  readonly dims?: Readonly<Record<string, number>>;
  /** Real inputs; default made up by `sampleInputs`. */
  readonly feeds?: Readonly<Record<string, NdArray>>;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly progress?: (fraction: number) => void;
  /** Bytes above which weights stay on disk; for tests. */
  readonly inMemoryLimit?: number;
}

/** The measured part of a profile report, and the timing of the plain runs. */
export type ModelProfile = Pick<ProfileReport, 'provider' | 'threads' | 'batch' | 'runs' | 'latency' | 'profiled' | 'layers' | 'layout' | 'overhead' | 'findings'>;

/** onnxruntime's profiler keeps at most a million events (profiler.h); a tenth keeps the JSON below 100 MB. */
const MAX_EVENTS = 100_000;

/** A model to profile, with the layers of its main graph (engine/analysis/layers.ts). */
export interface ProfileSubject {
  readonly model: Model;
  readonly layers: readonly AttributedLayer[];
}

export interface ProfiledModel {
  readonly profile: ModelProfile;
  /** Plain runs: what `compareTimings` takes. */
  readonly timing: Timing;
}

/**
 * @param layers of the model's main graph, see engine/analysis/layers.ts.
 * @throws EngineError `symbolicDimension`, `modelRejected`, `sessionFailed`, `runFailed`, `cancelled`, ...
 */
export async function profileModel(model: Model, layers: readonly AttributedLayer[], options: ProfileOptions): Promise<ModelProfile> {
  const [profiled] = await profileModels([{ model, layers }], options);
  if (profiled === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: 'no profile' });
  return profiled.profile;
}

/** Several models in one interleaved run, so that their latencies can be compared; each gets inputs of the same seed. */
export async function profileModels(subjects: readonly ProfileSubject[], options: ProfileOptions): Promise<ProfiledModel[]> {
  const folder = await mkdtemp(join(tmpdir(), 'decant-profile-'));
  const pairs: SessionPair[] = [];
  try {
    for (const [index, { model, layers }] of subjects.entries()) pairs.push(await openPair(join(folder, String(index)), { model: named(model), layers }, options));
    const timings = await timePairs(pairs, options);
    const profiled: ProfiledModel[] = [];
    for (const [index, pair] of pairs.entries()) profiled.push(await evaluatePair(pair, timings[index], timings[pairs.length + index], options));
    return profiled;
  } finally {
    for (const { plain, profiled } of pairs) {
      await plain.release();
      await profiled.release();
    }
    await rm(folder, { recursive: true, force: true });
  }
}

/** Both sessions of a model, and where the profiled one leaves its files. */
interface SessionPair extends ProfileSubject {
  readonly folder: string;
  readonly plain: RuntimeSession;
  readonly profiled: RuntimeSession;
  readonly feeds: Readonly<Record<string, NdArray>>;
}

/** Only the structure of an optimised graph is read: its weights stay where they are, which may be beside the original. */
const unopened: Pick<FileSystem, 'openBeside'> = {
  openBeside: (_beside, location) => Promise.resolve({
    name: location,
    size: Number.MAX_SAFE_INTEGER,
    read: () => Promise.reject(new EngineError('internal', { activity: 'progress.profiling', reason: `${location} is not to be read` })),
    close: () => Promise.resolve(),
  }),
};

const OPTIMIZED = 'optimized.onnx';
const PROFILE = 'profile';

async function openPair(folder: string, subject: ProfileSubject, options: ProfileOptions): Promise<SessionPair> {
  await mkdir(folder);
  const common: RuntimeSessionOptions = {
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.dims !== undefined && { dims: options.dims }),
    ...(options.inMemoryLimit !== undefined && { inMemoryLimit: options.inMemoryLimit }),
  };
  const plain = await createSession(subject.model, common);
  try {
    const feeds = options.feeds ?? sampleInputs(subject.model, plain.inputs, options);
    const profiled = await createSession(subject.model, { ...common, profile: { prefix: join(folder, PROFILE), optimizedModel: join(folder, OPTIMIZED) } });
    return { ...subject, folder, plain, profiled, feeds };
  } catch (error) {
    await plain.release();
    throw error;
  }
}

/** Timings of the plain sessions, then of the profiled ones, each in the order of `pairs`. */
function timePairs(pairs: readonly SessionPair[], options: ProfileOptions): Promise<Timing[]> {
  const events = Math.max(...pairs.map(({ model }) => eventsOfRun(model.graph)));
  const runs = [
    ...pairs.map(({ plain, feeds }) => () => plain.run(feeds)),
    ...pairs.map(({ profiled, feeds }) => () => profiled.run(feeds)),
  ];
  const maxRuns = Math.max(1, Math.floor(MAX_EVENTS / events));
  return timeInterleaved(runs, {
    maxRuns,
    ...(options.runs !== undefined && { runs: Math.min(options.runs, maxRuns) }),
    ...(options.signal !== undefined && { signal: options.signal }),
    ...(options.progress !== undefined && { progress: options.progress }),
  });
}

async function evaluatePair(pair: SessionPair, timing: Timing | undefined, profiledTiming: Timing | undefined, options: ProfileOptions): Promise<ProfiledModel> {
  if (timing === undefined || profiledTiming === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: 'no timing' });
  pair.profiled.endProfiling();
  const records = measuredRuns(await readProfile(await profileFile(pair.folder)), profiledTiming);
  const optimized = await readModel(await nodeFiles.open(join(pair.folder, OPTIMIZED)), unopened);
  try {
    const { layers, layout, overhead, total, used } = attribute(pair.model.graph, pair.layers, optimized.graph, records);
    const profile: ModelProfile = {
      provider: { requested: options.provider ?? 'cpu', used },
      threads: pair.plain.threads,
      batch: options.batch ?? Object.values(pair.feeds)[0]?.dims[0] ?? 1,
      runs: timing.samples.length,
      latency: timing.latency,
      profiled: { mean: total, ratio: profiledTiming.latency.median / timing.latency.median },
      layers,
      layout,
      overhead,
      findings: asynchronousFindings(used, records),
    };
    return { profile, timing };
  } finally {
    await releaseModel(optimized);
  }
}

/** Providers that run a kernel before they return from it; of the others a profile holds device times, or hand-over times only. */
const SYNCHRONOUS = new Set(['cpu']);

function asynchronousFindings(used: Readonly<Record<string, number>>, records: readonly RunRecord[]): Finding[] {
  if (records.some((run) => run.device === true)) return [];
  return Object.keys(used).filter((provider) => !SYNCHRONOUS.has(provider))
    .map((provider) => ({ severity: 'warning', ...said('finding.handOverTimes', { provider }) }));
}

/** Share of runs, the slowest, that means leave out: in them something else had the processor. All rows lose the same runs. */
const TRIMMED = 0.1;

/** Records of the measured runs without those of warm-up and without the slowest. */
function measuredRuns(records: readonly RunRecord[], timing: Timing): RunRecord[] {
  const measured = timing.measured.map((run) => {
    const record = records[run];
    if (record === undefined) throw new EngineError('internal', { activity: 'progress.profiling', reason: `the profile holds ${records.length} runs, wanted run ${run}` });
    return record;
  });
  const limit = quantile(measured.map((run) => run.duration), 1 - TRIMMED);
  return measured.filter((run) => run.duration <= limit);
}

async function profileFile(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => name.startsWith(PROFILE) && name.endsWith('.json'));
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
