// The port `Runtime` over onnxruntime-node: sessions from models in memory or from files as they are. No
// custom-operator library is ever loaded: no option here can name one.

import { availableParallelism } from 'node:os';
import type { Model } from '../engine/ir/model';
import type { NdArray, Runtime, Session, SessionOptions, SessionValue } from '../engine/ports';
import { EngineError } from '../engine/error';
import { withFixedDims } from './fixedDims';
import { measureLatencies } from './latencies';
import { modelBytes } from './modelBytes';
import { InferenceSession, type OrtSession, type OrtSessionOptions, type OrtTensor, runtimeVersion } from './ort';
import { createError, runError } from './ortErrors';
import { ortProviderOf, providerOf } from './providerNames';
import { fromOrt, isCarried, toOrt } from './tensors';

/** Ours beyond the port's: what profiling needs. */
export interface RuntimeSessionOptions extends SessionOptions {
  readonly profile?: {
    /** Path without `_<time>.json`, which onnxruntime appends. */
    readonly prefix: string;
    /** Where the graph as it really runs is written. */
    readonly optimizedModel: string;
  };
  /** Bytes above which weights stay on disk; for tests. */
  readonly inMemoryLimit?: number;
}

export interface RuntimeSession extends Session {
  /** Intra-op threads it was made with. */
  readonly threads: number;
  /** Ends profiling, upon which onnxruntime writes its file. */
  endProfiling(): void;
}

export function createRuntime(): Runtime {
  return {
    version: runtimeVersion, defaultThreads: availableParallelism(), createSession,
    freeMemory: () => process.availableMemory(),
    latencies: (models, options) => measureLatencies(createSession, models, options),
  };
}

/**
 * A session over a model in memory; weights that are still on disk and large stay there.
 *
 * @throws EngineError `modelRejected`, `sessionFailed`, `unknownProvider`, `outOfMemory`, `unsupportedType`.
 */
export async function createSession(model: Model, options: RuntimeSessionOptions = {}): Promise<RuntimeSession> {
  requireCarried(model);
  const { bytes, folder } = await modelBytes(withFixedDims(model, options.dims ?? {}), options.inMemoryLimit);
  const extra = folder === undefined ? {} : { model_external_initializers_file_folder_path: folder };
  return open((settings) => InferenceSession.create(bytes, settings), model.sources[0]?.name ?? model.graph.name, options, extra);
}

/** A session over a file as it lies on disk, open dimensions included; side files are found beside it. Throws as `createSession` does. */
export function createSessionFromPath(path: string, options: Omit<RuntimeSessionOptions, 'dims' | 'inMemoryLimit'> = {}): Promise<RuntimeSession> {
  return open((settings) => InferenceSession.create(path, settings), path, options, {});
}

/** The binding says of a type that it cannot carry no more than a number, and not where. */
function requireCarried({ graph }: Model): void {
  for (const { name, type } of [...graph.inputs.filter((input) => !graph.initializers.has(input.name)), ...graph.outputs]) {
    if (type?.kind !== 'tensor' || type.type === 'undefined' || isCarried(type.type)) continue;
    throw new EngineError('unsupportedType', { tensor: name, type: type.type, by: 'onnxruntime-node', supported: 'float32' });
  }
}

async function open(
  create: (settings: OrtSessionOptions) => Promise<OrtSession>,
  name: string,
  options: RuntimeSessionOptions,
  extra: Readonly<Record<string, string>>,
): Promise<RuntimeSession> {
  const provider = providerOf(options.provider ?? 'cpu');
  let session: OrtSession;
  try {
    session = await create(settingsOf(options, extra));
  } catch (error) {
    throw createError(error, name, provider);
  }
  return wrap(session, name, options.threads ?? availableParallelism());
}

function settingsOf(options: RuntimeSessionOptions, extra: Readonly<Record<string, string>>): OrtSessionOptions {
  return {
    executionProviders: [ortProviderOf(providerOf(options.provider ?? 'cpu'))],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: options.optimization ?? 'all',
    enableMemPattern: options.memoryPattern ?? true,
    ...(options.profile === undefined ? {} : {
      enableProfiling: true,
      profileFilePrefix: options.profile.prefix,
      optimizedModelFilePath: options.profile.optimizedModel,
    }),
    // onnxruntime_session_options_config_keys.h; nested keys are joined with dots by the binding.
    extra: { session: { ...extra, 'intra_op.allow_spinning': options.spinning === true ? '1' : '0' } },
  };
}

function wrap(session: OrtSession, name: string, threads: number): RuntimeSession {
  const outputs = session.outputMetadata.map(valueOf);
  const fetchable = outputs.filter((value) => value.type !== 'undefined').map((value) => value.name);
  return {
    threads,
    inputs: session.inputMetadata.map(valueOf),
    outputs,
    async run(feeds, fetch = fetchable, into = {}) {
      const tensors = Object.fromEntries(Object.entries(feeds).map(([input, array]): [string, OrtTensor] => [input, toOrt(input, array)]));
      // The binding writes into a tensor that stands for an output (null: it allocates), and then makes a copy of every
      // output all the same, so that this costs no time and saves none: 1.2 ms for 4 MB either way (onnxruntime 1.30).
      const targets = Object.fromEntries(fetch.map((output): [string, OrtTensor | null] => {
        const target = into[output];
        return [output, target === undefined ? null : toOrt(output, target)];
      }));
      let results: Awaited<ReturnType<OrtSession['run']>>;
      try {
        results = await session.run(tensors, targets);
      } catch (error) {
        throw runError(error, name);
      }
      return Object.fromEntries(fetch.map((output): [string, NdArray] => {
        const target = into[output];
        if (target !== undefined) return [output, target];
        const tensor = results[output];
        if (tensor === undefined) throw new EngineError('runFailed', { place: output, reason: 'onnxruntime gave no such output' });
        return [output, fromOrt(tensor)];
      }));
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

/** Sequences, maps and optionals have type `undefined`: the binding cannot carry them. */
function valueOf(value: OrtSession['inputMetadata'][number]): SessionValue {
  if (!value.isTensor) return { name: value.name, type: 'undefined', shape: null };
  return { name: value.name, type: value.type, shape: [...value.shape] };
}
