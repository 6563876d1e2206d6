// What a pass is: one transformation `(model, options, context) -> outcome`, never in place. It opens no files and
// prints nothing; all it needs comes from its context. The registry (registry.ts) feeds command, recipe schema, editor
// and report from these records.

import type { Static, TObject } from '@sinclair/typebox';
import type { Progress } from '../../protocol/jobs';
import type { Finding, ImportanceCurve, LayerFactors, TrainingReport } from '../../protocol/report';
import type { FindingCode, FormCode, Said } from '../../protocol/text/index';
import type { Dataset } from '../data/dataset';
import type { Model } from '../ir/model';
import type { Runtime } from '../ports';

export interface Pass<Options extends TObject = TObject> {
  readonly id: string;
  /** Whether the pass needs samples. */
  readonly data: 'none' | 'optional' | 'required';
  /** Part of the output's file name: `resnet20.int8.onnx`. */
  readonly suffix: string;
  /** Findings of `inspect` with which it refuses a model. */
  readonly refuses?: readonly FindingCode[];
  /** JSON Schema of the options with their defaults (TypeBox). */
  readonly options: Options;
  /** Refuses options that contradict each other, which no schema says, before anything runs. Throws `invalidOption`. */
  check?(options: Static<Options>): void;
  run(model: Model, options: Static<Options>, context: PassContext): Promise<PassOutcome>;
}

/** Origins: layer ids of the original model that a node came from, by the node's first output. */
export type Origins = ReadonlyMap<string, readonly string[]>;

export interface PassOutcome {
  readonly model: Model;
  /** Origins of every node of `model` (of the main graph), from the origins the pass was given. */
  readonly origins: Origins;
  /** What became of layers, by layer id of the original; layers not named keep the form they had. */
  readonly forms: ReadonlyMap<string, Said<FormCode>>;
  readonly findings: readonly Finding[];
  /** Of passes that train: how it went, epoch by epoch. */
  readonly training?: TrainingReport;
  /** Of passes that remove units: how much each mattered. */
  readonly importance?: readonly ImportanceCurve[];
  /** Of passes that split layers into factors: ranks, costs and errors. */
  readonly factors?: readonly LayerFactors[];
}

/** Bytes a pass keeps so that a killed job can go on where it was. */
export interface PassCheckpoint {
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
}

/** What stays the same over a whole run of passes. */
export interface PassServices {
  readonly runtime: Runtime;
  /** Samples: `train` calibrates and trains, `test` is for metrics only. */
  readonly data?: Dataset;
  readonly provider: string;
  readonly threads: number;
  /** Sizes of symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
  /** Hardware the recipe is for. */
  readonly target: Target;
  /** The recipe's model as it was read, before any pass; absent: the model the pass is given. */
  readonly original?: Model;
  /** Opens another model, its path relative to the recipe; the run closes it. Absent where no files can be read. */
  readonly openModel?: (path: string) => Promise<Model>;
  /** Metric that a person chose for the run; absent: the data's. */
  readonly metric?: string;
  readonly signal?: AbortSignal;
  progress(progress: Progress): void;
}

export interface PassContext extends PassServices {
  readonly origins: Origins;
  /** Uniform in [0, 1), seeded by the recipe. */
  readonly random: () => number;
  readonly checkpoint: PassCheckpoint;
  /**
   * Runs another pass of the registry on a model; the only way one pass calls another. Each call has a checkpoint of its own
   * by its number, so that a pass that goes on after a kill makes the same calls in the same order: those that were
   * finished give their result at once.
   */
  apply(id: string, model: Model, options: Readonly<Record<string, unknown>>, inner?: AppliedPass): Promise<PassOutcome>;
}

/** Where a part of a pass begins and ends within the whole of it, 0 to 1. */
export type Share = readonly [from: number, to: number];

/** What a pass that is applied by another gets beside its options. */
export interface AppliedPass {
  /** Of the model that is handed over; default: as the calling pass got them. */
  readonly origins?: Origins;
  /** Stands for the recipe's model where the run knows none. */
  readonly original?: Model;
  /** Of the progress of the calling pass; default all of it. */
  readonly share?: Share;
}

/** Channels in a block of kernels where the target does not say: that of AVX2, which suits most (methods.md). */
export const USUAL_BLOCK = 8;

/** The hardware a recipe is for. */
export interface Target {
  readonly provider: string;
  /** int8 dot products of u8 by s8 do not saturate there (x64 with VNNI, ARM, GPUs). */
  readonly wideAccumulation: boolean;
  /** Channels that its convolution kernels take at a time: widths between two multiples save no time. Absent: unknown. */
  readonly channelBlock?: number;
}
