// The JSON documents of the command and of `--report` (interfaces.md, "JSON"). Stable: adding a field is fine, renaming
// or removing one raises `version`. Sizes are bytes, latencies milliseconds, MACs multiply-accumulates for batch 1.
// A number that is not known is null, never 0.

import type { FindingCode, FormCode, ProviderCode, Said } from './text/index';
import type { RecipeDocument } from './recipe';

export type Dimension = number | string;

/** Latency of a whole model, from interleaved runs. */
export interface Latency {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** Latency of one layer: means add up, medians do not. */
export interface LayerLatency {
  readonly mean: number;
  readonly p10: number;
  readonly p90: number;
}

export interface Finding extends Said<FindingCode> {
  readonly severity: 'info' | 'warning' | 'error';
  readonly node?: string;
}

export interface ValueDescription {
  readonly name: string;
  /** ONNX element type, e.g. `float32`, `int64`. */
  readonly type: string;
  /** A symbolic dimension is a string; null when the rank is unknown. */
  readonly shape: readonly Dimension[] | null;
}

// ── inspect ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface InspectReport {
  readonly version: 1;
  readonly model: {
    readonly path: string;
    readonly bytes: number;
    readonly irVersion: number;
    readonly opsets: Readonly<Record<string, number>>;
    readonly producer: string;
    readonly inputs: readonly ValueDescription[];
    readonly outputs: readonly ValueDescription[];
  };
  readonly totals: ModelTotals & { readonly nodes: number; readonly peakActivationBytes: number | null };
  readonly layers: readonly LayerDescription[];
  readonly operators: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

export interface ModelTotals {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
}

export interface LayerDescription {
  /** Name of the layer's first output tensor. */
  readonly id: string;
  /** Node name, or the id where the node has none. */
  readonly name: string;
  readonly op: string;
  /** Names (or first outputs) of the nodes of the layer, in execution order. */
  readonly nodes: readonly string[];
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly activationBytes: number | null;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /** Element type of the weights (of the first input where there are none). */
  readonly type: string;
}

// ── profile ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ProfileReport {
  readonly version: 1;
  readonly provider: { readonly requested: string; readonly used: Readonly<Record<string, number>> };
  readonly threads: number;
  readonly batch: number;
  readonly runs: number;
  /** Plain runs, without profiling. */
  readonly latency: Latency;
  /** Profiled runs; layers + layout + overhead equal `mean` within 2 %. `ratio` is profiled to plain time, of medians of the same clock around both. */
  readonly profiled: { readonly mean: number; readonly ratio: number };
  readonly layers: readonly ProfiledLayer[];
  /** Layout conversions that onnxruntime put in (NCHWc reorders, transposes), mean of a run. */
  readonly layout: number;
  /** The executor's gap between kernels, measured, mean of a run. */
  readonly overhead: number;
  readonly findings: readonly Finding[];
}

export interface ProfiledLayer {
  /** Layer id; pieces that cover several layers list them in `layers`. */
  readonly id: string;
  readonly op: string;
  readonly latency: LayerLatency;
  /** Share of `profiled.mean`, 0 to 1. */
  readonly share: number;
  readonly provider: string;
  /** Layers of a piece that onnxruntime fused or compiled as one; absent when the row is one layer. */
  readonly layers?: readonly string[];
}

// ── evaluate ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type Verdict = 'better' | 'worse' | 'same' | 'undecided';

export interface MetricDelta {
  /** value - baseline, in the metric's unit. */
  readonly value: number;
  /** 95 % interval of the paired difference. */
  readonly interval: readonly [number, number];
  readonly verdict: Verdict;
}

export interface EvaluateReport {
  readonly version: 1;
  readonly metric: { readonly name: string; readonly value: number; readonly higherIsBetter: boolean };
  readonly split: string;
  readonly samples: number;
  readonly seconds: number;
  readonly baseline?: { readonly value: number };
  readonly delta?: MetricDelta;
  /** Share of samples on which both models answer the same. */
  readonly agreement?: number;
  readonly findings: readonly Finding[];
}

// ── compress and compare ─────────────────────────────────────────────────────────────────────────────────────────

export interface Environment {
  readonly cpu: string;
  /** Instruction sets that matter for number formats, e.g. `avx512_vnni`. */
  readonly cpuFeatures: readonly string[];
  readonly threads: number;
  readonly runtime: string;
  readonly provider: string;
}

export interface ModelFigures extends ModelTotals {
  /** File with its side files. */
  readonly bytes: number;
  readonly latency: Latency | null;
  readonly metric: number | null;
}

export interface FiguresDelta {
  /** after - before. */
  readonly bytes: number;
  readonly weightBytes: number;
  readonly parameters: number;
  readonly macs: number | null;
  /** Ratio of medians after / before from interleaved runs, with its spread. */
  readonly latency: { readonly difference: number; readonly ratio: number; readonly interval: readonly [number, number]; readonly verdict: Verdict } | null;
  readonly metric: MetricDelta | null;
}

export interface LayerFigures {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly latency: LayerLatency | null;
  /** Layers whose time is inside `latency` because the provider runs them as one; absent when it is this layer alone. */
  readonly latencyCovers?: readonly string[];
}

export interface LayerReport {
  readonly id: string;
  readonly op: string;
  readonly before: LayerFigures;
  readonly after: LayerFigures & { readonly form: Said<FormCode> };
  /** Error of the layer's output in the compressed model against the original, on real samples. */
  readonly outputError: { readonly sqnrDb: number; readonly cosine: number } | null;
  readonly accuracyDelta: { readonly value: number; readonly method: string } | null;
  /** Ids of the passes that touched the layer. */
  readonly passes: readonly string[];
}

export interface StepReport {
  readonly pass: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly bytes: number;
  readonly parameters: number;
  readonly macs: number | null;
  readonly metric: number | null;
  /** Of passes that train. */
  readonly training?: TrainingReport;
  /** Of passes that remove units (channels, heads, neurons). */
  readonly importance?: readonly ImportanceCurve[];
  /** Of passes that split layers into factors. */
  readonly factors?: readonly LayerFactors[];
}

/** How much each unit of a group matters, and how many stayed. */
export interface ImportanceCurve {
  /** Layer of the original model that makes the units; groups of several layers are named by the first. */
  readonly layer: string;
  /** All layers that make them, in execution order, where they are several: what an Add joins has to have one width. */
  readonly layers?: readonly string[];
  readonly kind: 'channels' | 'heads' | 'neurons' | 'hidden';
  /** Name of the criterion, as in the recipe. */
  readonly criterion: string;
  /** Units before and after the pass. */
  readonly total: number;
  readonly kept: number;
  /** Importance, rising, over the mean of the group; evenly spaced units where there are more than 64. */
  readonly values: readonly number[];
  /** Where the pass went in several: `values` are of before the first; later ones judged anew, so that other units may have gone. */
  readonly steps?: number;
}

/** What became of a layer that was split into factors. */
export interface LayerFactors {
  /** Layer of the original model. */
  readonly layer: string;
  readonly method: 'svd' | 'spatial' | 'tucker' | 'cp';
  /** One for each rank: `tucker` has one of inputs and one of outputs, the others one. */
  readonly modes: readonly FactorMode[];
  /** Of the layer before and of its factors. */
  readonly parameters: readonly [before: number, after: number];
  readonly macs: readonly [before: number, after: number] | null;
  /** ms, of the layer and of its factors, each alone; null where the pass did not measure. */
  readonly latency: readonly [before: number, after: number] | null;
  /** Norm of what the factors miss of the weights, over the norm of the weights. */
  readonly weightError: number;
  /** Norm of what the factors miss of the layer's outputs on real samples, after refitting, over the norm of the outputs (refitted: of their deviations from the mean); null without samples. */
  readonly activationError: number | null;
}

export interface FactorMode {
  readonly name: 'rank' | 'inputs' | 'outputs';
  readonly kept: number;
  readonly full: number;
  /** Singular values of the mode, falling, over the largest (cp: weights of its components); evenly spaced where there are more than 64. */
  readonly values: readonly number[];
}

/** How a training went, measured on samples it did not train on. */
export interface TrainingReport {
  readonly metricName: string | null;
  readonly higherIsBetter: boolean | null;
  /** The epoch whose weights were kept; 0: the model before training. */
  readonly bestEpoch: number;
  /** From epoch 0, the model before training, which has no loss. */
  readonly epochs: readonly TrainingEpoch[];
}

export interface TrainingEpoch {
  readonly epoch: number;
  /** Mean over the steps of the epoch. */
  readonly loss: number | null;
  readonly metric: number | null;
  /** At the end of the epoch. */
  readonly learningRate: number;
}

export interface CompareReport {
  readonly version: 1;
  /** sha256 of every input file, by path. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly metricName: string | null;
  /** Direction of the metric; `check` needs it for metrics that users supply. */
  readonly higherIsBetter?: boolean | null;
  readonly samples: number | null;
  readonly before: ModelFigures;
  readonly after: ModelFigures;
  readonly delta: FiguresDelta;
  readonly layers: readonly LayerReport[];
  /** Rows of the latency tables that belong to no layer; absent when latency was not measured. */
  readonly unattributed?: { readonly before: UnattributedLatency; readonly after: UnattributedLatency };
  readonly warnings: readonly Finding[];
}

export interface UnattributedLatency {
  readonly layout: number;
  readonly overhead: number;
  readonly profiled: number;
  readonly ratio: number;
}

export interface CompressReport extends CompareReport {
  readonly recipe: RecipeDocument;
  /** Path of the compressed model. */
  readonly output: string;
  readonly steps: readonly StepReport[];
}

// ── providers ────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ProviderReport {
  readonly name: string;
  readonly state: 'ready' | 'missing' | 'failed';
  /** `why` in English, for scripts. */
  readonly reason?: string;
  readonly why?: Said<ProviderCode>;
  readonly devices?: readonly string[];
  /** Number formats with kernels there, e.g. `float32`, `int8`. */
  readonly formats: readonly string[];
}
