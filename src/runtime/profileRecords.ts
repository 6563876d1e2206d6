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
const RUN = 'model_run';
const MS_PER_US = 1e-3;

/** Device time of a program that a GPU provider ran for a node; WebGPU names it `<node>&<operator>&<program>`. */
const DEVICE_CATEGORY = 'Api';
const DEVICE_NAME = /^(.*)&([^&]*)&[^&]*$/;

export async function readProfile(file: string): Promise<RunRecord[]> {
  return parseProfile(await readFile(file, 'utf8'));
}

/**
 * One record for each run, in order: its kernels, and the executor's gap as the sum of the spaces before, between and
 * after kernels and around the executor. Kernels inside a control-flow node count as part of that node.
 *
 * onnxruntime records an event when it ends: an executor comes right after its kernels, the executor of a subgraph
 * before the kernel of its If or Loop, and the run after its executor. Where a device tells its own times, those stand
 * for the kernels that were only handed to it, and the gap is what neither the device nor another kernel fills.
 */
export function parseProfile(json: string): RunRecord[] {
  // A profile that was cut short (a run that failed) lacks the closing bracket.
  const events = JSON.parse(json.trimEnd().endsWith(']') ? json : `${json.trimEnd().replace(/,$/, '')}]`) as TraceEvent[];
  const device = deviceEvents(events);
  const runs: RunRecord[] = [];
  let kernels: TraceEvent[] = [];
  let executor: TraceEvent | undefined;
  let executed: TraceEvent[] = [];
  for (const event of events) {
    if (event.cat === 'Node' && event.name.endsWith(KERNEL_SUFFIX)) kernels.push(event);
    if (event.cat !== 'Session') continue;
    if (event.name === EXECUTOR) {
      executor = event;
      executed = kernels.filter((kernel) => kernel.ts >= event.ts);
      kernels = kernels.filter((kernel) => kernel.ts < event.ts);
    } else if (event.name === RUN) {
      const programs = device(event);
      runs.push(programs.length === 0 ? hostRun(event, executor ?? event, executed) : deviceRun(event, executed, programs));
      [kernels, executed, executor] = [[], [], undefined];
    }
  }
  return runs;
}

function hostRun(run: TraceEvent, executor: TraceEvent, kernels: readonly TraceEvent[]): RunRecord {
  return { duration: run.dur * MS_PER_US, overhead: gapsOf(run, executor, kernels) * MS_PER_US, kernels: kernels.map(kernelOf) };
}

function gapsOf(run: TraceEvent, executor: TraceEvent, kernels: readonly TraceEvent[]): number {
  let gaps = run.dur - executor.dur;
  let end = executor.ts;
  for (const kernel of kernels) {
    gaps += kernel.ts - end;
    end = kernel.ts + kernel.dur;
  }
  return gaps + (executor.ts + executor.dur - end);
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

// ── devices ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Device events of a run, by time: they come at the end of the file, on the same clock. */
function deviceEvents(events: readonly TraceEvent[]): (run: TraceEvent) => readonly TraceEvent[] {
  const device = events.filter((event) => event.cat === DEVICE_CATEGORY && DEVICE_NAME.test(event.name)).sort((a, b) => a.ts - b.ts);
  let at = 0;
  return (run) => {
    const from = at;
    while (at < device.length && (device[at]?.ts ?? 0) < run.ts + run.dur) at++;
    return device.slice(from, at);
  };
}

function deviceRun(run: TraceEvent, kernels: readonly TraceEvent[], programs: readonly TraceEvent[]): RunRecord {
  const handed = new Map(kernels.map((kernel) => [kernelOf(kernel).node, kernelOf(kernel)]));
  const onDevice = programs.map((program): KernelRecord => {
    const [, node = '', op = ''] = DEVICE_NAME.exec(program.name) ?? [];
    return { inputTypes: [], provider: '', ...handed.get(node), node, op, duration: program.dur * MS_PER_US };
  });
  const devices = new Set(onDevice.map((kernel) => kernel.provider));
  const elsewhere = kernels.filter((kernel) => !devices.has(kernelOf(kernel).provider));
  return {
    duration: run.dur * MS_PER_US,
    overhead: (run.dur - busy([...elsewhere, ...programs])) * MS_PER_US,
    kernels: [...elsewhere.map(kernelOf), ...perNode(onDevice)],
    device: true,
  };
}

/** One record a node: a node may take several programs. */
function perNode(programs: readonly KernelRecord[]): KernelRecord[] {
  const found = new Map<string, KernelRecord>();
  for (const program of programs) found.set(program.node, { ...program, duration: (found.get(program.node)?.duration ?? 0) + program.duration });
  return [...found.values()];
}

/** Length of the union of intervals. */
function busy(events: readonly TraceEvent[]): number {
  let [sum, end] = [0, Number.NEGATIVE_INFINITY];
  for (const { ts, dur } of [...events].sort((a, b) => a.ts - b.ts)) {
    sum += Math.max(0, ts + dur - Math.max(ts, end));
    end = Math.max(end, ts + dur);
  }
  return sum;
}
