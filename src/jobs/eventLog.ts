// The file `events.jsonl` of a job: one JobEvent a line, numbered without gaps, written before it is sent.
// Both sides write it (the child while it lives, the parent when it had to kill the child), never at the same time.

import { appendFileSync, closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { JobEvent, JobEventBody } from '../protocol/jobs';

export const EVENTS_FILE = 'events.jsonl';

/** Numbers events and keeps them. */
export interface EventLog {
  /** Stamps the body with number and time, writes it to disk where there is a folder, and returns the event. */
  append(body: JobEventBody): JobEvent;
}

/**
 * The log of a job. With a folder it goes on after the last whole line of its `events.jsonl`; a line that a kill cut
 * short is dropped. Without one the events are only numbered, after `lastSeq`.
 */
export function openEventLog(folder: string | undefined, lastSeq = 0): EventLog {
  const file = folder === undefined ? undefined : join(folder, EVENTS_FILE);
  let seq = file === undefined ? lastSeq : repair(file);
  return {
    append(body) {
      seq += 1;
      const event: JobEvent = { ...body, seq, time: new Date().toISOString() };
      if (file !== undefined) appendLine(file, JSON.stringify(event));
      return event;
    },
  };
}

/** Events of a job folder with a number above `after`, in order; none where the job has not begun. */
export function readEvents(folder: string, after = 0): JobEvent[] {
  const file = join(folder, EVENTS_FILE);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  // What follows the last line break is a line still being written.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as JobEvent).filter((event) => event.seq > after);
}

/** True for an event after which a job says nothing more. */
export function isEnd(event: JobEvent | undefined): boolean {
  return event?.type === 'done' || event?.type === 'failed' || event?.type === 'cancelled';
}

/** A write that fails, on a full disk, does not say by itself which file it was. */
function appendLine(file: string, line: string): void {
  try {
    appendFileSync(file, `${line}\n`);
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path: file }) : error;
  }
}

/** Cuts an unfinished last line off and returns the number of the last event, 0 when there is none. */
function repair(file: string): number {
  if (!existsSync(file)) return 0;
  const fd = openSync(file, 'r+');
  try {
    const bytes = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, bytes, 0, bytes.length, 0);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end < bytes.length) ftruncateSync(fd, end);
    const line = bytes.subarray(0, end).toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    return line === '' ? 0 : (JSON.parse(line) as JobEvent).seq;
  } finally {
    closeSync(fd);
  }
}
