// 100,000 damaged models through reading, inspecting and writing, each with a time limit, in processes with little memory.

import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Bench } from '../lib/bench';
import { asset, inTemporaryFolder } from '../lib/workspace';
import { root } from '../lib/decant';
import type { FromChild, ToChild } from './fuzz/child';
import { seedModels } from './fuzz/seeds';

const CASES = 100_000;
/** Issue 3: a clear error within a second and within 200 MB. Seconds of the processor, which other work on the machine does not stretch. */
const LIMIT_MS = 1000;
/** A case that waits for something takes no processor: it is given this many ms of the clock. */
const LIMIT_WALL_MS = 20_000;
/** Ticks of /proc/PID/stat a second, the same on every Linux that Node.js runs on (USER_HZ). */
const TICKS = 100;
const LIMIT_BYTES = 200e6;
/** Heap of a child in MB; beyond it the child dies, which counts. What is outside the heap is in the resident size. */
const HEAP_MB = 80;
/** Children at a time. */
const CHILDREN = 2;
/** How often the parent looks for a child that takes too long, in ms. */
const LOOK_MS = 50;
/** Cases that a child takes before a new one follows, so that garbage of many does not count for one. */
const CASES_A_CHILD = 2500;

interface Tally {
  readonly kinds: Map<string, number>;
  readonly codes: Map<string, number>;
  /** The first few that failed, to look at. */
  readonly failures: string[];
  slowest: number;
  largest: number;
}

export const fuzz: Bench = {
  name: 'fuzz',
  title: 'Damaged models',
  run: (log) => inTemporaryFolder(async (folder) => {
    const program = join(folder, 'child.js');
    await build({ entryPoints: [join(root, 'bench', 'core', 'fuzz', 'child.ts')], outfile: program, bundle: true, platform: 'node', logLevel: 'warning' });
    const seeds = seedModels(asset('.'));
    const tally: Tally = { kinds: new Map(), codes: new Map(), failures: [], slowest: 0, largest: 0 };
    const cases = Number(process.env['DECANT_FUZZ_CASES'] ?? CASES);
    let next = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      while (next < cases) {
        const from = next;
        const to = Math.min(cases, from + CASES_A_CHILD);
        next = to;
        for (let at = from; at < to;) at = await runRange(program, { seeds, from: at, to }, tally);
        done += to - from;
        log(`${done} of ${cases}`);
      }
    };
    await Promise.all(Array.from({ length: CHILDREN }, work));
    for (const failure of tally.failures) log(failure);
    if (process.env['DECANT_FUZZ_FAILURES'] !== undefined) {
      mkdirSync(process.env['DECANT_FUZZ_FAILURES'], { recursive: true });
      writeFileSync(join(process.env['DECANT_FUZZ_FAILURES'], 'failures.txt'), tally.failures.join('\n\n'));
    }
    const bad = ['crashed', 'hung', 'died', 'memory'].reduce((sum, kind) => sum + (tally.kinds.get(kind) ?? 0), 0);
    return {
      claims: [
        { claim: `${cases} damaged models: no crash, no hang over ${LIMIT_MS / 1000} s, no memory over ${LIMIT_BYTES / 1e6} MB`, wanted: '0', found: String(bad), met: bad === 0 },
        { claim: 'slowest of them, read, inspected and written', wanted: `< ${LIMIT_MS} ms of the processor`, found: `${tally.slowest.toFixed(0)} ms`, met: tally.slowest < LIMIT_MS },
        {
          claim: 'largest resident size of a process', wanted: `< ${LIMIT_BYTES / 1e6} MB`, found: `${(tally.largest / 1e6).toFixed(0)} MB`, met: tally.largest < LIMIT_BYTES,
          note: `after each case; a process takes ${CASES_A_CHILD} cases and its heap is limited to ${HEAP_MB} MB`,
        },
      ],
      tables: [
        { title: `Outcomes, from ${seeds.length} seed models`, columns: ['outcome', 'models'], rows: counted(tally.kinds) },
        { title: 'Refusals by error', columns: ['error', 'models'], rows: counted(tally.codes) },
      ],
    };
  }),
};

function counted(counts: ReadonlyMap<string, number>): string[][] {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => [name, String(count)]);
}

/** Runs cases until the child ends; gives the index of the next case. */
function runRange(program: string, range: ToChild, tally: Tally): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(program, { execArgv: [`--max-old-space-size=${HEAP_MB}`], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    let next = range.from;
    let began: { readonly wall: number; readonly cpu: number } | undefined;
    let hung = false;
    const now = (): { readonly wall: number; readonly cpu: number } => ({ wall: performance.now(), cpu: cpuMs(child.pid) });
    const watch = setInterval(() => {
      if (began === undefined || (performance.now() - began.wall < LIMIT_WALL_MS && cpuMs(child.pid) - began.cpu < LIMIT_MS)) return;
      hung = true;
      child.kill('SIGKILL');
    }, LOOK_MS);
    child.on('message', (message: FromChild) => {
      if (message.type === 'begin') {
        next = message.index;
        began = now();
        return;
      }
      began = undefined;
      next = message.index + 1;
      tally.slowest = Math.max(tally.slowest, message.cpuMs);
      tally.largest = Math.max(tally.largest, message.rss);
      const kind = message.rss > LIMIT_BYTES ? 'memory' : message.kind;
      count(tally.kinds, kind);
      if (kind === 'refused') count(tally.codes, message.detail);
      if (kind === 'crashed' || kind === 'memory') note(tally, `${message.index}: ${kind} ${message.detail}`);
    });
    child.on('error', reject);
    child.on('exit', () => {
      clearInterval(watch);
      if (next >= range.to) return resolve(next);
      if (began === undefined && !hung && next === range.from) return reject(new Error('the fuzz child does not start'));
      // It ended in the middle of a case.
      count(tally.kinds, hung ? 'hung' : 'died');
      note(tally, `${next}: ${hung ? 'hung' : 'died'}`);
      resolve(next + 1);
    });
    child.send(range);
  });
}

/** Milliseconds of the processor that a process has had; of the clock where the system does not say. */
function cpuMs(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return performance.now();
  try {
    // After the name, which is in parentheses: field 14 is user time, 15 system time, counted from field 3.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000;
  } catch {
    // It has just ended.
    return 0;
  }
}

/** Failures that are kept to look at. */
const MAX_NOTED = 50;

function note(tally: Tally, failure: string): void {
  if (tally.failures.length < MAX_NOTED) tally.failures.push(failure);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
