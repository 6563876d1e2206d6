// The folder of one job on disk: `request.json`, `recipe.json`, `events.jsonl`, `checkpoint.json` and the files it names.
// Plain files, no engine: the parent reads it too, to resume a job or to re-attach a view.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ErrorData, errorText } from '../protocol/errors';
import { JobError, type JobKind, type JobRequest } from '../protocol/jobs';
import type { StepReport } from '../protocol/report';
import type { TextCode } from '../protocol/text/index';
import { EVENTS_FILE, isEnd, readEvents } from './eventLog';

/** How many ended jobs stay on disk. */
const KEEP_ENDED = 20;
/** A job without an end whose folder has been still this long was killed together with its parent; it counts as ended. */
const ABANDONED_MS = 30 * 24 * 3600 * 1000;

/** `unfinished`: it still runs, or it and its parent were killed. */
export type JobState = 'unfinished' | 'done' | 'failed' | 'cancelled';

export interface StoredJob {
  readonly folder: string;
  readonly kind: JobKind;
  readonly request: unknown;
  readonly created: string;
  readonly state: JobState;
}

/** Where a job stands after its last finished step; files are names inside the folder. */
export interface Checkpoint {
  readonly version: 1;
  /** Passes that are done. */
  readonly step: number;
  /** The model after them. */
  readonly file: string;
  readonly steps: readonly StepReport[];
  /** sha256 of every input file by path, to notice that one has changed. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Per-user folder of the command's jobs; `DECANT_JOBS` overrides it. The extension passes its own. */
export function defaultJobsRoot(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const chosen = env['DECANT_JOBS'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'decant', 'jobs');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'decant', 'jobs');
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'decant', 'jobs');
}

/**
 * Makes the folder of a new job under `root`, with its request (and recipe), and lets old jobs go. Returns its path.
 * Throws JobError `jobFolderUnwritable`.
 */
export function createJobFolder<K extends JobKind>(root: string, kind: K, request: JobRequest<K>): string {
  try {
    return makeJobFolder(root, kind, request);
  } catch (error) {
    throw jobError({ code: 'jobFolderUnwritable', params: { file: root, reason: error instanceof Error ? error.message : String(error) } });
  }
}

function makeJobFolder<K extends JobKind>(root: string, kind: K, request: JobRequest<K>): string {
  const created = new Date().toISOString();
  // Sorts by time; the random tail keeps two jobs of one millisecond apart.
  const folder = join(root, `${created.replace(/[-:]/g, '').replace('T', '-').replace('Z', '')}-${kind}-${randomBytes(2).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  pruneJobs(root);
  writeJson(join(folder, 'request.json'), { version: 1, kind, created, request });
  if ('recipe' in request) writeJson(join(folder, 'recipe.json'), request.recipe);
  return folder;
}

/** Reads a job back. Throws JobError `notResumable` where `folder` is not the folder of a job. */
export function readJob(folder: string): StoredJob {
  if (!existsSync(join(folder, 'request.json'))) throw notResumable(folder, 'job.noRequest');
  const job = parseJob(folder);
  if (job === undefined) throw notResumable(folder, 'job.badRequest');
  return job;
}

/** A job that can go on. Throws JobError `notResumable` when it is of another kind or has its result already. */
export function readResumable<K extends JobKind>(folder: string, kind: K): JobRequest<K> {
  const job = readJob(folder);
  if (job.kind !== kind) throw notResumable(folder, 'job.otherKind');
  if (job.state === 'done') throw notResumable(folder, 'job.isDone');
  return job.request as JobRequest<K>;
}

export function jobState(folder: string): JobState {
  const last = readEvents(folder).at(-1);
  return last?.type === 'done' || last?.type === 'failed' || last?.type === 'cancelled' ? last.type : 'unfinished';
}

/** Jobs under `root`, newest first; folders that hold no (readable) job are passed over. */
export function listJobs(root: string): StoredJob[] {
  return jobFolders(root).map(parseJob).filter((job) => job !== undefined);
}

/** Removes ended jobs beyond the newest `keep`. A job without an end stays until it has been still for a month. */
export function pruneJobs(root: string, keep = KEEP_ENDED, now = Date.now()): void {
  const ended = jobFolders(root).filter((folder) => isEnd(readEvents(folder).at(-1)) || now - lastTouched(folder) > ABANDONED_MS);
  for (const folder of ended.slice(keep)) rmSync(folder, { recursive: true, force: true });
}

export function writeCheckpoint(folder: string, checkpoint: Checkpoint): void {
  writeJson(join(folder, 'checkpoint.json'), checkpoint);
}

/** The checkpoint, or undefined before the first step is done. Throws JobError `notResumable` when it is damaged. */
export function readCheckpoint(folder: string): Checkpoint | undefined {
  const file = join(folder, 'checkpoint.json');
  if (!existsSync(file)) return undefined;
  const value = readJson(file);
  if (!isRecord(value) || typeof value['step'] !== 'number' || typeof value['file'] !== 'string' || !existsSync(join(folder, value['file']))) {
    throw notResumable(folder, 'job.badCheckpoint');
  }
  return value as unknown as Checkpoint;
}

/** Writes beside the final name and renames, so that a reader sees the old file or the new one, whole. */
export function writeFileAtomic(file: string, data: string | Uint8Array): void {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const fd = openSync(temporary, 'wx');
    try {
      writeFileSync(fd, data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    // write(2) does not say which file it failed on.
    throw error instanceof Error ? Object.assign(error, { path: file }) : error;
  }
}

function parseJob(folder: string): StoredJob | undefined {
  const stored = readJson(join(folder, 'request.json'));
  if (!isRecord(stored) || typeof stored['kind'] !== 'string' || typeof stored['created'] !== 'string') return undefined;
  return { folder, kind: stored['kind'] as JobKind, request: stored['request'], created: stored['created'], state: jobState(folder) };
}

function writeJson(file: string, value: unknown): void {
  writeFileAtomic(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** The parsed file, or undefined where it is not JSON. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Paths of job folders, newest first. */
function jobFolders(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).map((name) => join(root, name)).filter((folder) => existsSync(join(folder, 'request.json'))).sort().reverse();
}

function lastTouched(folder: string): number {
  const events = join(folder, EVENTS_FILE);
  return statSync(existsSync(events) ? events : folder).mtimeMs;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notResumable(file: string, reason: TextCode): JobError {
  return jobError({ code: 'notResumable', params: { file, reason } });
}

function jobError(data: ErrorData): JobError {
  return new JobError(data, errorText(data));
}
