// The options of the command line as commander leaves them, and how they become requests.

import path from 'node:path';
import type { DataOptions, RunOptions } from '../protocol/jobs';
import type { RecipePass } from '../protocol/recipe';

export interface CommonFlags {
  readonly provider?: string;
  readonly threads?: number;
  readonly dim?: Readonly<Record<string, number>>;
  readonly split?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export interface DataFlags {
  readonly data?: string;
  readonly metric?: string;
  readonly limit?: number;
  readonly trustMetric?: boolean;
}

export interface InspectFlags extends CommonFlags {
  readonly text?: boolean;
}

export interface ProfileFlags extends CommonFlags {
  readonly batch?: number;
  readonly runs?: number;
}

export interface EvaluateFlags extends CommonFlags, DataFlags {
  readonly baseline?: string;
}

export interface CompressFlags extends CommonFlags, DataFlags {
  readonly recipe?: string;
  readonly pass?: readonly RecipePass[];
  readonly output?: string;
  readonly report?: string;
  readonly seed?: number;
  readonly resume?: string;
}

export type CompareFlags = CommonFlags & DataFlags;

export interface CheckFlags extends CommonFlags, DataFlags {
  readonly baseline: string;
  readonly maxDrop?: number;
  readonly maxBytes?: number;
  readonly maxLatencyRatio?: number;
}

export function runOptions(flags: CommonFlags): RunOptions {
  return defined({ provider: flags.provider, threads: flags.threads, dims: flags.dim });
}

export function dataOptions(flags: CommonFlags & DataFlags): DataOptions {
  return defined({ data: flags.data, split: flags.split, metric: flags.metric, limit: flags.limit, trusted: flags.trustMetric });
}

/** The same without the keys whose value is undefined: an absent option is absent in the request. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Absolute, so that a job can be resumed from any folder. */
export function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file);
}
