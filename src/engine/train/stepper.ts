// Runs steps: feeds batches and state vectors to the training sessions and hands out what a step gave. Whether the new
// state is taken is the caller's choice (`adopt`): a step that went wrong is simply not taken.

import type { NdArray, Runtime, Session, SessionOptions } from '../ports';
import { forProvider } from './blockedConvolutions';
import type { FlatLayout } from './flat';
import { loopGraph, outer } from './loopGraph';
import type { TrainingGraph } from './trainingGraph';
import { GRADIENT_NORM, gradientInput, nextOutput, REPORT, scalarInput, stateInput } from './trainingNames';
import { buildUpdateGraph, stateVectors, type UpdateOptions } from './updateGraph';

/** State vectors by name (updateGraph.ts, `stateVectors`). */
export type TrainingState = Readonly<Record<string, Float32Array>>;

export type Feeds = Readonly<Record<string, NdArray>>;

export interface StepInputs {
  /** One set of feeds a microbatch. */
  readonly parts: readonly Feeds[];
  /** Learning rate and the like, by the names of `updateScalars`. */
  readonly scalars: Readonly<Record<string, number>>;
}

export interface StepReport {
  readonly loss: number;
  /** Of each term, without its weight. */
  readonly losses: readonly number[];
  readonly gradientNorm: number;
}

export interface Stepper {
  /** The state that counts. */
  readonly state: TrainingState;
  /** One step from `state`; `adopt` makes its result the state, until then it is as if it had not been. */
  step(inputs: StepInputs): Promise<StepReport>;
  /** Several steps in one call, one after the other from `state`; the same number at every call. Absent where it cannot be. */
  steps?(inputs: readonly StepInputs[]): Promise<readonly StepReport[]>;
  adopt(): void;
  release(): Promise<void>;
}

export interface StepperOptions extends UpdateOptions {
  readonly provider: string;
  readonly threads: number;
}

/** A stepper over a graph that takes whole steps. The arrays of `state` are its buffers from then on. */
export async function wholeStepper(runtime: Runtime, graph: TrainingGraph, state: TrainingState, options: StepperOptions): Promise<Stepper> {
  const model = await forProvider(runtime, graph.model, options.provider);
  const session = await runtime.createSession(model, sessionOptions(options));
  let loop: Session | undefined;
  const buffers = new Buffers(state, graph.layout, options);
  const outputs = [...buffers.names.map(nextOutput), REPORT];
  return {
    get state() { return buffers.current; },
    adopt: () => { buffers.swap(); },
    release: async () => {
      await loop?.release();
      await session.release();
    },
    async step({ parts: [feeds = {}], scalars }) {
      const results = await session.run({ ...feeds, ...buffers.inputs(), ...scalarFeeds(scalars) }, outputs, buffers.targets());
      return reportOf(results[REPORT]?.data as Float32Array);
    },
    async steps(inputs) {
      loop ??= await runtime.createSession(loopGraph(model, inputs.length), sessionOptions(options));
      const feeds = { ...buffers.inputs(), ...stacked(inputs.map(({ parts: [part = {}], scalars }) => ({ ...part, ...scalarFeeds(scalars) }))) };
      const results = await loop.run(renamed(feeds), outputs.map(outer), renamed(buffers.targets()));
      const reports = results[outer(REPORT)]?.data as Float32Array;
      const width = reports.length / inputs.length;
      return inputs.map((_, index) => reportOf(reports.subarray(index * width, (index + 1) * width)));
    },
  };
}

/** [total loss, losses of the terms, norm of the gradient] */
function reportOf(values: Float32Array): StepReport {
  return { loss: values[0] ?? NaN, losses: Array.from(values.subarray(1, -1)), gradientNorm: values.at(-1) ?? NaN };
}

/** The same inputs of several steps, one behind the other along a new first axis. */
function stacked(steps: readonly Feeds[]): Feeds {
  return Object.fromEntries(Object.entries(steps[0] ?? {}).map(([name, { type, dims, data }]): [string, NdArray] => {
    const whole = new (data.constructor as Float32ArrayConstructor)(data.length * steps.length);
    steps.forEach((feeds, index) => { whole.set(feeds[name]?.data as Float32Array, index * data.length); });
    return [name, { type, dims: [steps.length, ...dims], data: whole }];
  }));
}

function renamed(feeds: Feeds): Feeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, array]) => [outer(name), array]));
}

/** A stepper that adds up the gradients of several parts and then takes one step by their mean. */
export async function accumulatingStepper(runtime: Runtime, graph: TrainingGraph, state: TrainingState, options: StepperOptions): Promise<Stepper> {
  const { layout } = graph;
  const model = await forProvider(runtime, graph.model, options.provider);
  const gradients = await runtime.createSession(model, sessionOptions(options));
  let update: Session;
  try {
    update = await runtime.createSession(buildUpdateGraph(layout, options, model.opsets.get('') ?? 0), sessionOptions(options));
  } catch (error) {
    await gradients.release();
    throw error;
  }
  const buffers = new Buffers(state, layout, options);
  const statistics = layout.statistics?.name;
  const updated = buffers.names.filter((name) => name !== statistics || options.ema);
  const zeros = Object.fromEntries(layout.groups.map(({ name, length }): [string, NdArray] => [gradientInput(name), vector(new Float32Array(length))]));
  const weights = buffers.inputs(layout.groups.map(({ name }) => name));
  return {
    get state() { return buffers.current; },
    adopt: () => { buffers.swap(); },
    release: async () => {
      await gradients.release();
      await update.release();
    },
    async step({ parts, scalars }) {
      Object.assign(weights, buffers.inputs(layout.groups.map(({ name }) => name)));
      let carried: Record<string, NdArray> = { ...zeros, ...(statistics !== undefined && buffers.inputs([statistics])) };
      const reports: Float32Array[] = [];
      for (const feeds of parts) {
        const results = await gradients.run({ ...feeds, ...weights, ...carried });
        reports.push(results[REPORT]?.data as Float32Array);
        carried = Object.fromEntries(Object.keys(carried).map((input): [string, NdArray] => [input, results[nextOutput(vectorOf(input))] as NdArray]));
      }
      const total = reports.reduce((sum, report) => sum.map((value, index) => value + (report[index] as number) / reports.length), new Float32Array(reports[0]?.length ?? 0));
      if (statistics !== undefined) buffers.write(statistics, carried[stateInput(statistics)]?.data as Float32Array);
      const feeds = {
        ...buffers.inputs(updated.filter((name) => name !== statistics)), ...carried, ...scalarFeeds({ ...scalars, gradientScale: 1 / parts.length }),
      };
      if (statistics !== undefined && !options.ema) delete (feeds as Record<string, NdArray>)[stateInput(statistics)];
      const results = await update.run(feeds, [...updated.map(nextOutput), GRADIENT_NORM], buffers.targets());
      return { loss: total[0] ?? NaN, losses: Array.from(total.subarray(1)), gradientNorm: (results[GRADIENT_NORM]?.data as Float32Array)[0] ?? NaN };
    },
  };
}

/**
 * Threads sleep while they wait for the next kernel (`spinning` stays off). Looping pays a little on a machine that has
 * nothing else to do and ruins a step on one that has. Milliseconds a step, sleeping and looping, 2 threads on 2 cores,
 * onnxruntime 1.30: idle, sst2-transformer (batch 32) 103 and 82, dnn_m-kws12 (64) 2.4 and 2.0; beside busy processes,
 * dnn_m-kws12 64 to 76 and 95 to 118.
 */
function sessionOptions({ provider, threads }: StepperOptions): SessionOptions {
  return { provider, threads, memoryPattern: false };
}

function vector(data: Float32Array): NdArray {
  return { type: 'float32', dims: [data.length], data };
}

function vectorOf(input: string): string {
  return input.slice(stateInput('').length);
}

function scalarFeeds(scalars: Readonly<Record<string, number>>): Feeds {
  return Object.fromEntries(Object.entries(scalars).map(([name, value]): [string, NdArray] => [scalarInput(name), { type: 'float32', dims: [], data: Float32Array.of(value) }]));
}

/** Every state vector twice: one is read while the other is written. */
class Buffers {
  readonly names: readonly string[];
  current: Record<string, Float32Array>;
  private next: Record<string, Float32Array>;

  constructor(state: TrainingState, layout: FlatLayout, options: UpdateOptions) {
    const lengths = stateVectors(layout, options);
    this.names = [...lengths.keys()];
    this.current = { ...state };
    this.next = Object.fromEntries([...lengths].map(([name, length]) => [name, new Float32Array(length)]));
  }

  inputs(names: readonly string[] = this.names): Record<string, NdArray> {
    return Object.fromEntries(names.map((name) => [stateInput(name), vector(this.current[name] ?? new Float32Array(0))]));
  }

  targets(): Feeds {
    return Object.fromEntries(this.names.map((name) => [nextOutput(name), vector(this.next[name] ?? new Float32Array(0))]));
  }

  /** Sets a vector of the coming state. */
  write(name: string, values: Float32Array): void {
    this.next[name]?.set(values);
  }

  swap(): void {
    [this.current, this.next] = [this.next, this.current];
  }
}
