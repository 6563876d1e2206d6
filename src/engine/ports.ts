// What the engine needs from outside. `src/runtime` implements these; tests may too.

import type { ByteSource } from './bytes';
import type { Model } from './ir/model';
import type { DataType } from './ir/dataTypes';

export type { ByteSink, ByteSource } from './bytes';

// ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Opens files by path; `relative` resolves beside another file and refuses to leave its folder. */
export interface FileSystem {
  open(path: string): Promise<ByteSource>;
  /** A file named in `beside` (external data); throws `externalDataOutside` when the real path leaves the folder. */
  openBeside(beside: string, relative: string, tensor: string): Promise<ByteSource>;
  stat(path: string): Promise<{ readonly kind: 'file' | 'folder' | 'missing'; readonly size: number }>;
  /** Entries of a folder, names only, sorted. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: 'file' | 'folder' }[]>;
  /** `path` joined to `base` unless absolute. */
  resolve(base: string, path: string): string;
  dirname(path: string): string;
  basename(path: string): string;
}

// ── arrays and sessions ──────────────────────────────────────────────────────────────────────────────────────────

export type TypedArray =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array
  | BigInt64Array | BigUint64Array;

/**
 * A dense array in row-major order. `float16` and `bfloat16` are Uint16Array of bits, `bool` is Uint8Array of 0 and 1.
 * Strings travel as string arrays.
 */
export interface NdArray {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TypedArray | readonly string[];
}

export interface SessionOptions {
  /** e.g. `cpu`, `webgpu`; default `cpu`. */
  readonly provider?: string;
  /** Intra-op threads; default the machine's cores. */
  readonly threads?: number;
  /** Graph optimizations of onnxruntime; `disabled` for calibration and layer comparison. Default `all`. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Fixed sizes for symbolic dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Idle spinning of the thread pool; off when latencies are compared interleaved. Default false. */
  readonly spinning?: boolean;
  /**
   * One block for all tensors of a run, planned in the first one. Off, memory of a training graph peaks a third lower
   * (resnet20-cifar10, batch 128: 697 to 427 MB) at the same speed. Default true.
   */
  readonly memoryPattern?: boolean;
}

export interface SessionValue {
  readonly name: string;
  readonly type: DataType;
  /** Symbolic dimensions as strings; null when the rank is unknown. */
  readonly shape: readonly (number | string)[] | null;
}

export interface Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  /**
   * Runs once; `fetch` limits the outputs (default all). Outputs named in `into` are written into those arrays, which have
   * their type and shape, and are the arrays that come back. Inputs are read where they are.
   */
  run(feeds: Readonly<Record<string, NdArray>>, fetch?: readonly string[], into?: Readonly<Record<string, NdArray>>): Promise<Record<string, NdArray>>;
  release(): Promise<void>;
}

/** onnxruntime as the engine sees it: it turns an in-memory model (weights possibly still on disk) into a session. */
export interface Runtime {
  /** e.g. `onnxruntime 1.30.0`. */
  readonly version: string;
  /** Threads a session uses when none are named. */
  readonly defaultThreads: number;
  createSession(model: Model, options?: SessionOptions): Promise<Session>;
  /** Bytes of memory that are free now; absent where that cannot be known. */
  freeMemory?(): number;
  /**
   * Median wall time of one run of each model, ms, at batch 1 or the sizes in `dims`, measured interleaved in one process
   * without idle spinning. Absent where time cannot be measured.
   */
  latencies?(models: readonly Model[], options?: LatencyOptions): Promise<readonly number[]>;
}

export interface LatencyOptions extends Pick<SessionOptions, 'provider' | 'threads' | 'dims'> {
  /** Measured runs of each model; default as many as fit in `budgetMs`. */
  readonly runs?: number;
  /** Time for each model, ms. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly progress?: (fraction: number) => void;
}

// ── decoders ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** An image with interleaved 8-bit channels: `data[(y * width + x) * channels + c]`. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

export interface ArchiveEntry {
  /** Path inside the archive, with `/`. */
  readonly path: string;
  /** Uncompressed size in bytes. */
  readonly size: number;
  /** False for an entry that is stored as it is and can be read by range without unpacking. */
  readonly compressed: boolean;
}

/** A zip file that is read entry by entry. */
export interface Archive {
  readonly entries: readonly ArchiveEntry[];
  /** All bytes of an entry. */
  read(entry: ArchiveEntry): Promise<Uint8Array>;
  /** Bytes of an entry by range: a stored entry straight from the file, a compressed one inflated once and kept until closed. */
  open(entry: ArchiveEntry): Promise<ByteSource>;
  close(): Promise<void>;
}

/** A table with named columns, read by range of rows. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: number;
  /** Key-value metadata of the file, e.g. `huggingface` with the names of classes. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Values of one column for rows `start` to `end` (exclusive). */
  read(column: string, start: number, end: number): Promise<readonly unknown[]>;
}

export interface Encoding {
  readonly ids: readonly number[];
  readonly attentionMask: readonly number[];
  readonly typeIds: readonly number[];
}

export interface Tokenizer {
  /** Encodes with special tokens, cut to `maxLength`, not padded. */
  encode(text: string, maxLength: number): Encoding;
  /** Id used to pad. */
  readonly padId: number;
}

export interface Decoders {
  /** JPEG, PNG, WebP, BMP by content; throws `dataUnreadable`. */
  image(bytes: Uint8Array, name: string): Promise<DecodedImage>;
  archive(source: ByteSource): Promise<Archive>;
  parquet(source: ByteSource): Promise<Table>;
  /** From the text of a `tokenizer.json` (and its `tokenizer_config.json` where there is one). */
  tokenizer(json: string, config?: string): Promise<Tokenizer>;
  /** Throws `dataUnreadable` with `name`. */
  gunzip(bytes: Uint8Array, name: string): Uint8Array;
}

/** A metric that a user supplies: a module or a command that reads JSON lines. */
export interface MetricScripts {
  /** Feeds one JSON line a sample (`{index, label, prediction}`) and returns the number the program prints or returns. */
  run(spec: string | { readonly command: readonly string[] }, base: string, lines: AsyncIterable<string>): Promise<number>;
}
