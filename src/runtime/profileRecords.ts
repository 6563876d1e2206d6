// Reads the JSON that onnxruntime writes with profiling on (trace-event format; times are whole microseconds). It knows
// nothing of layers: that is engine/analysis/attribution.ts.

import { readFile } from 'node:fs/promises';
import type { KernelRecord, RunRecord } from '../engine/analysis/attribution';
import { providerOfClass } from './providerNames';

/** An event as sequential_executor.cc and inference_session.cc write them; `ts` and `dur` in microseconds. */
interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

const KERNEL_SUFFIX = '_kernel_time';
const EXECUTOR = 'SequentialExecutor::Execute';
const MS_PER_US = 1e-3;

export async function readProfile(file: string): Promise<RunRecord[]> {
  return parseProfile(await readFile(file, 'utf8'));
}

/**
 * One record for each run, in order: its kernels, and the executor's gap as the sum of the spaces before, between and
 * after kernels and around the executor. Kernels inside a control-flow node count as part of that node.
 */
export function parseProfile(json: string): RunRecord[] {
  // A profile that was cut short (a run that failed) lacks the closing bracket.
  const events = JSON.parse(json.trimEnd().endsWith(']') ? json : `${json.trimEnd().replace(/,$/, '')}]`) as TraceEvent[];
  const runs = events.filter((event) => event.cat === 'Session' && event.name === 'model_run').sort(byStart);
  const executors = events.filter((event) => event.cat === 'Session' && event.name === EXECUTOR).sort(byStart);
  const kernels = events.filter((event) => event.cat === 'Node' && event.name.endsWith(KERNEL_SUFFIX)).sort(byStart);
  const nextExecutor = follower(executors);
  const nextKernel = follower(kernels);
  return runs.map((run) => {
    const [executor] = outermost(nextExecutor(run));
    const own = outermost(nextKernel(run));
    return { duration: run.dur * MS_PER_US, overhead: gapsOf(run, executor, own) * MS_PER_US, kernels: own.map(kernelOf) };
  });
}

function gapsOf(run: TraceEvent, executor: TraceEvent | undefined, kernels: readonly TraceEvent[]): number {
  const outer = executor ?? run;
  let gaps = run.dur - outer.dur;
  let end = outer.ts;
  for (const kernel of kernels) {
    gaps += kernel.ts - end;
    end = kernel.ts + kernel.dur;
  }
  return gaps + (outer.ts + outer.dur - end);
}

function kernelOf({ name, dur, args }: TraceEvent): KernelRecord {
  return {
    node: name.slice(0, -KERNEL_SUFFIX.length),
    op: args?.op_name ?? '',
    provider: providerOfClass(args?.provider ?? ''),
    inputTypes: (args?.input_type_shape ?? []).map((input) => Object.keys(input)[0] ?? ''),
    duration: dur * MS_PER_US,
  };
}

function byStart(a: TraceEvent, b: TraceEvent): number {
  return a.ts - b.ts || b.dur - a.dur;
}

/** Takes from sorted events those that start within a span; spans are asked for in order. */
function follower(events: readonly TraceEvent[]): (span: TraceEvent) => TraceEvent[] {
  let at = 0;
  return (span) => {
    while (at < events.length && (events[at]?.ts ?? 0) < span.ts) at++;
    const found: TraceEvent[] = [];
    for (let event = events[at]; event !== undefined && event.ts <= span.ts + span.dur; event = events[++at]) found.push(event);
    return found;
  };
}

/**
 * Events that lie in no earlier event: the subgraph of an If or Loop runs inside the event of its node. Start and length
 * are both rounded down, so an event that follows never starts before the end computed for the one before.
 */
function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  const found: TraceEvent[] = [];
  let end = -1;
  for (const event of events) {
    if (event.ts < end) continue;
    found.push(event);
    end = event.ts + event.dur;
  }
  return found;
}
