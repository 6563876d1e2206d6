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

export async function readProfile(file: string): Promise<RunRecord[]> {
  return parseProfile(await readFile(file, 'utf8'));
}

/**
 * One record for each run, in order: its kernels, and the executor's gap as the sum of the spaces before, between and
 * after kernels and around the executor. Kernels inside a control-flow node count as part of that node.
 *
 * onnxruntime records an event when it ends: an executor comes right after its kernels, the executor of a subgraph
 * before the kernel of its If or Loop, and the run after its executor.
 */
export function parseProfile(json: string): RunRecord[] {
  // A profile that was cut short (a run that failed) lacks the closing bracket.
  const events = JSON.parse(json.trimEnd().endsWith(']') ? json : `${json.trimEnd().replace(/,$/, '')}]`) as TraceEvent[];
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
      const outer = executor ?? event;
      runs.push({ duration: event.dur * MS_PER_US, overhead: gapsOf(event, outer, executed) * MS_PER_US, kernels: executed.map(kernelOf) });
      [kernels, executed, executor] = [[], [], undefined];
    }
  }
  return runs;
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
