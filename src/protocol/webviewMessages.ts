// Messages of the edge between the extension host and its two webviews. The model stays in the host; a page says
// `ready`, is told every part of its state, and asks by calls that carry an id and always get an answer or an error.

import type { ErrorData } from './errors';
import type { JobKind, Progress } from './jobs';
import type { PassDescription } from './passes';
import type { CompareReport, EvaluateReport, InspectReport, ProfileReport } from './report';

// ── calls: one interface of requests and results per page ────────────────────────────────────────────────────────

/** Calls of the model editor. Those that run a job are answered when the job has ended. */
export interface EditorCalls {
  passes: { request: null; result: readonly PassDescription[] };
  dataChoices: { request: null; result: DataChoices };
  /** Opens a file dialog; null when it was left without a choice. */
  pickData: { request: null; result: DataChoice | null };
  measureLatency: { request: { readonly dims: Dims }; result: null };
  evaluate: { request: { readonly dims: Dims }; result: null };
  compress: { request: CompressChoice; result: null };
  cancelJob: { request: { readonly job: string }; result: null };
  showLog: { request: null; result: null };
  showReview: { request: null; result: null };
  manageTrust: { request: null; result: null };
  /** Opens the model's text at a layer. */
  showText: { request: { readonly layer: string }; result: null };
  /** Tells the other views which layer is looked at. */
  layerSelected: { request: { readonly layer: string | null }; result: null };
}

/** Calls of the review panel. */
export interface ReviewCalls {
  chooseReport: { request: { readonly id: string }; result: null };
  selectLayer: { request: { readonly layer: string }; result: null };
  openModel: { request: { readonly which: 'before' | 'after' }; result: null };
  openReportFile: { request: null; result: null };
  compress: { request: null; result: null };
}

export type CallRequest<Calls, Name extends keyof Calls> = Calls[Name] extends { request: infer R } ? R : never;
export type CallResult<Calls, Name extends keyof Calls> = Calls[Name] extends { result: infer R } ? R : never;

export type FromPage<Calls> =
  | { readonly type: 'ready' }
  | { [Name in keyof Calls]: { readonly type: 'call'; readonly id: number; readonly name: Name; readonly request: CallRequest<Calls, Name> } }[keyof Calls];

export type Answer =
  | { readonly type: 'answer'; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly ok: false; readonly error: ErrorData };

// ── what pages are told ──────────────────────────────────────────────────────────────────────────────────────────

export type ToEditor =
  | { readonly type: 'model'; readonly name: string; readonly report: InspectReport }
  | { readonly type: 'unusable'; readonly name: string; readonly error: ErrorData }
  | { readonly type: 'profile'; readonly profile: ProfileReport | null }
  | { readonly type: 'evaluation'; readonly evaluation: EvaluateReport | null }
  | { readonly type: 'review'; readonly review: ModelReview | null }
  | { readonly type: 'job'; readonly job: JobState | null }
  | { readonly type: 'trust'; readonly trusted: boolean }
  | { readonly type: 'select'; readonly layer: string }
  | { readonly type: 'openCompress' };

export type ToReview =
  | { readonly type: 'reports'; readonly reports: readonly ReportEntry[]; readonly chosen: string | null }
  | { readonly type: 'report'; readonly report: CompareReport | null }
  | { readonly type: 'select'; readonly layer: string };

/** The newest report that speaks of the open model, and which side of it the model is. */
export interface ModelReview {
  readonly name: string;
  readonly side: 'before' | 'after';
  readonly report: CompareReport;
}

/** A report file in the list of the review panel. `id` is its path, shown never. */
export interface ReportEntry {
  readonly id: string;
  readonly name: string;
  /** Folder within the workspace, empty at its root. */
  readonly folder: string;
  /** Last change, ISO 8601. */
  readonly time: string;
}

/** The job that runs on the open model. */
export interface JobState {
  readonly id: string;
  readonly kind: JobKind;
  readonly progress: Progress | null;
}

// ── the compress form ────────────────────────────────────────────────────────────────────────────────────────────

export type Dims = Readonly<Record<string, number>>;

export interface DataChoice {
  /** Absolute path. */
  readonly path: string;
  /** Name to show: relative to the workspace where it is inside. */
  readonly label: string;
}

export interface DataChoices {
  /** Best match first. */
  readonly choices: readonly DataChoice[];
  /** Path used last for this model, or the best match; null for none. */
  readonly preferred: string | null;
}

export interface CompressChoice {
  readonly pass: string;
  /** Only options that differ from their default. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly data: string | null;
  readonly dims: Dims;
}
