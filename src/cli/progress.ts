// Progress and log on standard error: a bar on a terminal, plain lines otherwise, nothing with --quiet.

import type { JobEvent, Progress } from '../protocol/jobs';
import { printable, type Look } from './terminal';

export interface ProgressView {
  event(event: JobEvent): void;
  /** A line of log, above the bar. */
  line(text: string): void;
  /** Takes the bar away. */
  close(): void;
}

/** Width (columns) of the bar. */
const BAR = 24;
/** Without a terminal one line this often (ms) is enough; a new activity gets its line at once. */
const LINE_MS = 5000;

export async function createProgressView(quiet: boolean, look: Look, stream: NodeJS.WriteStream = process.stderr): Promise<ProgressView> {
  if (quiet) return { event: () => undefined, line: () => undefined, close: () => undefined };
  return stream.isTTY ? barView(look, stream) : lineView(look, stream);
}

async function barView(look: Look, stream: NodeJS.WriteStream): Promise<ProgressView> {
  // Loaded here only: `decant --help` must not wait for it.
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(stream);
  let bar = '';
  const line = (text: string): void => {
    update.clear();
    stream.write(`${printable(text)}\n`);
    if (bar !== '') update(bar);
  };
  return {
    event(event) {
      if (event.type === 'progress') update(bar = barOf(event.progress, look));
      else logged(event, look, line);
    },
    line,
    close: () => {
      bar = '';
      update.clear();
      update.done();
    },
  };
}

function lineView(look: Look, stream: NodeJS.WriteStream): ProgressView {
  let last = { activity: '', time: -Infinity };
  const line = (text: string): void => {
    stream.write(`${printable(text)}\n`);
  };
  return {
    event(event) {
      if (event.type !== 'progress') return logged(event, look, line);
      const activity = activityOf(event.progress, look);
      if (activity === last.activity && performance.now() - last.time < LINE_MS) return;
      last = { activity, time: performance.now() };
      line(`${percent(event.progress)}${activity}${layerOf(event.progress)}`);
    },
    line,
    close: () => undefined,
  };
}

/** Events other than progress that are worth a line; findings wait for the report. */
function logged(event: JobEvent, look: Look, line: (text: string) => void): void {
  if (event.type === 'log' && event.level !== 'debug') line(event.message);
  else if (event.type === 'step') line(look.say('command.step', { pass: event.step.pass, seconds: event.step.seconds.toFixed(1) }));
}

function barOf(progress: Progress, look: Look): string {
  const full = Math.round((progress.fraction ?? 0) * BAR);
  const bar = progress.fraction === null ? '' : `${'█'.repeat(full)}${look.style('dim', '░'.repeat(BAR - full))} `;
  return `${bar}${percent(progress)}${activityOf(progress, look)}${layerOf(progress)}`;
}

function percent({ fraction }: Progress): string {
  return fraction === null ? '' : `${String(Math.floor(fraction * 100)).padStart(3)} %  `;
}

function activityOf({ activity, params }: Progress, look: Look): string {
  return look.say(activity, params);
}

function layerOf({ layer }: Progress): string {
  return layer === undefined ? '' : `  ${printable(layer).replace(/\n/g, ' ')}`;
}
