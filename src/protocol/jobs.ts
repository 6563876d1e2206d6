// Use cases of the background process: what each wants and what it gives. `JobKinds` is the single list; clients,
// worker and views derive their types from it.

import type { CompareReport, CompressReport, EvaluateReport, InspectReport, ProfileReport, ProviderReport } from './report';
import type { PassDescription } from './passes';
import type { ErrorData } from './errors';
import type { ModelText } from './modelText';
import type { RecipeDocument } from './recipe';
import type { Finding, StepReport } from './report';
import type { ProgressCode, TextParams } from './text/index';

/** Options of every use case that runs a model. */
export interface RunOptions {
  readonly provider?: string;
  readonly threads?: number;
  /** Sizes of symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
}

export interface DataOptions {
  /** Folder, archive, file, or JSON description. */
  readonly data?: string;
  /** Default `test`. */
  readonly split?: string;
  readonly metric?: string;
  readonly limit?: number;
  /** Metric scripts and commands may run (trusted workspace, or --trust-metric). */
  readonly trusted?: boolean;
}

export interface CompressRequest extends RunOptions, DataOptions {
  readonly model: string;
  /** Validated by the job: unknown keys, types and values are refused before anything runs. */
  readonly recipe: RecipeDocument;
  /** File the recipe came from, for paths and for error messages; absent for `--pass`. */
  readonly recipeFile?: string;
  /** Absent: beside the model, `<name>.<suffix>.onnx`, with a number appended where that exists. */
  readonly output?: string;
  /** Absent: no report file. `true`: beside the output, `<output>.report.json`. */
  readonly report?: string | true;
  readonly seed?: number;
  /** Measured runs for the latency of each model; default as many as fit in two seconds. */
  readonly runs?: number;
}

export interface JobKinds {
  inspect: { request: RunOptions & { readonly model: string }; result: InspectReport };
  profile: { request: RunOptions & { readonly model: string; readonly batch?: number; readonly runs?: number }; result: ProfileReport };
  evaluate: { request: RunOptions & DataOptions & { readonly model: string; readonly baseline?: string }; result: EvaluateReport };
  compress: { request: CompressRequest; result: CompressReport };
  compare: { request: RunOptions & DataOptions & { readonly before: string; readonly after: string; readonly runs?: number }; result: CompareReport };
  providers: { request: Readonly<Record<string, never>>; result: readonly ProviderReport[] };
  /** `notes`: with `#@` comments, complete (default); `most`: characters at which the text is cut, at the end of a line. */
  text: { request: { readonly model: string; readonly notes?: boolean; readonly most?: number }; result: ModelText };
  passes: { request: Readonly<Record<string, never>>; result: readonly PassDescription[] };
}

export type JobKind = keyof JobKinds;

/** Jobs that answer a question in a moment: they run no model code, no scripts and no native provider library. */
export const readingKinds: ReadonlySet<JobKind> = new Set(['inspect', 'passes', 'text']);

export type JobRequest<K extends JobKind> = JobKinds[K]['request'];
export type JobResult<K extends JobKind> = JobKinds[K]['result'];

export interface Progress {
  /** What is being done; `params` fill its text. */
  readonly activity: ProgressCode;
  readonly params?: TextParams;
  /** 0 to 1 over the whole job, or null where it cannot be known. */
  readonly fraction: number | null;
  /** Layer at hand, shown as text. */
  readonly layer?: string;
}

/** What a job says while it runs; appended to the job's `events.jsonl` before it is sent. */
export type JobEventBody =
  | { readonly type: 'started'; readonly kind: JobKind; readonly request: unknown }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warning' | 'error'; readonly message: string }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'step'; readonly index: number; readonly step: StepReport }
  | { readonly type: 'checkpoint'; readonly step: number; readonly file: string }
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: ErrorData }
  | { readonly type: 'cancelled' };

/** `seq` counts from 1 within a job without gaps; a view re-attaches by it. `time` is ISO 8601. */
export type JobEvent = JobEventBody & { readonly seq: number; readonly time: string };

// ── the parent's side ────────────────────────────────────────────────────────────────────────────────────────────

export interface RunningJob<K extends JobKind> {
  readonly id: string;
  /** Ends in a result, an error (`JobError` with `ErrorData`) or a cancellation (`ErrorData.code` = `cancelled`). */
  readonly result: Promise<JobResult<K>>;
  cancel(): void;
}

/** Starts jobs in the background process; `src/worker/client.ts` implements it for command and host alike. */
export interface JobClient {
  run<K extends JobKind>(
    kind: K,
    request: JobRequest<K>,
    options?: { readonly folder?: string; readonly resume?: boolean; readonly onEvent?: (event: JobEvent) => void },
  ): RunningJob<K>;
  /** Ends the background process; pending jobs are rejected as cancelled. `force` does not let it finish anything. */
  dispose(options?: { readonly force?: boolean }): Promise<void>;
}

export class JobError extends Error {
  override readonly name = 'JobError';
  constructor(readonly data: ErrorData, message: string) {
    super(message);
  }
}
