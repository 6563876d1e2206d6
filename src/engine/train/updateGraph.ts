// The step itself, on flat vectors: clip the gradient, update the weights, average them. Part of the training graph, or a
// graph of its own behind accumulated gradients.

import { makeGraph, makeModel, makeValue } from '../ir/build';
import { int } from '../ir/attributes';
import type { Model } from '../ir/model';
import type { FlatLayout, VectorName } from './flat';
import { GraphBuilder } from './graphBuilder';
import { addOutput } from './graphOutput';
import type { Optimiser } from './optimisers/optimiser';
import { GRADIENT_NORM, gradientInput, nextOutput, scalarInput, stateInput } from './trainingNames';

export interface UpdateOptions {
  readonly optimiser: Optimiser;
  /** Largest global norm of the gradient; 0 leaves it alone. */
  readonly clip: number;
  /** Whether an exponential average of weights and statistics is kept. */
  readonly ema: boolean;
}

/** Keeps the factor finite where the gradient is zero, as torch.nn.utils.clip_grad_norm_. */
const CLIP_EPSILON = 1e-6;

/**
 * Added to every gradient: without it the state of weights whose gradient is (nearly) zero sinks below 1e-38, where
 * processors compute twenty times slower (4.9 of the 7 ms of a step of dnn_m-kws12 that knows its batch by heart). Its square is still a normal
 * float32, and it moves a weight by 1e-7 of the learning rate at most. onnxruntime's own switch (set_denormal_as_zero)
 * acts on the main thread for the first session of a process only, and then on JavaScript too.
 */
const NUDGE = 1e-15;

/** All state vectors of a training with their lengths: weights, statistics, optimiser state, averages. */
export function stateVectors({ groups, statistics }: FlatLayout, { optimiser, ema }: UpdateOptions): ReadonlyMap<string, number> {
  const values = [...groups, ...(statistics === undefined ? [] : [statistics])];
  return new Map<string, number>([
    ...values.map(({ name, length }): [string, number] => [name, length]),
    ...groups.flatMap(({ name, length }) => optimiser.slots.map((slot): [string, number] => [`${name}/${slot}`, length])),
    ...(ema ? values.map(({ name, length }): [string, number] => [averageOf(name), length]) : []),
  ]);
}

export function averageOf(vector: VectorName): string {
  return `${vector}/average`;
}

/** Scalars that `writeUpdate` asks for. */
export function updateScalars({ optimiser, ema }: UpdateOptions): readonly string[] {
  return [...optimiser.scalars, ...(ema ? ['emaDecay', 'emaRest'] : [])];
}

/**
 * Appends the step. Weights and the updated statistics are read as `state/` and `next/` tensors that are there; inputs
 * for optimiser state and scalars are added. Gives the norm of the gradient before clipping, rank 0.
 */
export function writeUpdate(build: GraphBuilder, layout: FlatLayout, gradients: ReadonlyMap<VectorName, string>, options: UpdateOptions): { readonly gradientNorm: string } {
  const { graph } = build;
  const { optimiser, clip, ema } = options;
  const input = (name: string, dims: readonly number[]): string => {
    graph.inputs.push(makeValue(name, 'float32', dims));
    return name;
  };
  const output = (vector: string, tensor: string, length: number): string => addOutput(build, nextOutput(vector), tensor, length);
  for (const name of updateScalars(options)) input(scalarInput(name), []);

  const [first, ...rest] = layout.groups.map(({ name }) => build.node('ReduceSumSquare', [gradients.get(name) ?? ''], { keepdims: int(0) }));
  const gradientNorm = build.node('Sqrt', [build.sum([first ?? build.scalar(0), ...rest])]);
  const factor = clip > 0
    ? build.node('Min', [build.div(build.scalar(clip), build.add(gradientNorm, build.scalar(CLIP_EPSILON))), build.scalar(1)])
    : undefined;

  for (const { name, length } of layout.groups) {
    const gradient = gradients.get(name) ?? '';
    const clipped = factor === undefined ? gradient : build.mul(gradient, factor);
    const { parameters, state } = optimiser.update({
      build,
      parameters: stateInput(name),
      gradient: optimiser.slots.length === 0 ? clipped : build.add(clipped, build.scalar(NUDGE)),
      state: optimiser.slots.map((slot) => input(stateInput(`${name}/${slot}`), [length])),
      decays: name === 'decayed',
      scalar: scalarInput,
    });
    output(name, parameters, length);
    optimiser.slots.forEach((slot, index) => output(`${name}/${slot}`, state[index] ?? '', length));
  }
  if (ema) {
    for (const { name, length } of [...layout.groups, ...(layout.statistics === undefined ? [] : [layout.statistics])]) {
      const average = input(stateInput(averageOf(name)), [length]);
      const averaged = build.add(build.mul(average, scalarInput('emaDecay')), build.mul(nextOutput(name), scalarInput('emaRest')));
      output(averageOf(name), averaged, length);
    }
  }
  return { gradientNorm };
}

/**
 * The step alone. Inputs: weights, accumulated gradients (`state/gradient/<group>`), `gradientScale` (one over the number
 * of parts), statistics as the last part left them (with `ema`), and what `writeUpdate` adds.
 */
export function buildUpdateGraph(layout: FlatLayout, options: UpdateOptions, opset: number): Model {
  const graph = makeGraph({ name: 'update', nodes: [], inputs: [], outputs: [] });
  const build = new GraphBuilder(graph);
  const input = (name: string, dims: readonly number[]): string => {
    graph.inputs.push(makeValue(name, 'float32', dims));
    return name;
  };
  const scale = input(scalarInput('gradientScale'), []);
  const gradients = new Map(layout.groups.map(({ name, length }) => {
    input(stateInput(name), [length]);
    return [name, build.mul(input(gradientInput(name), [length]), scale)];
  }));
  if (options.ema && layout.statistics !== undefined) {
    addOutput(build, nextOutput('statistics'), input(stateInput('statistics'), [layout.statistics.length]), layout.statistics.length);
  }
  const { gradientNorm } = writeUpdate(build, layout, gradients, options);
  addOutput(build, GRADIENT_NORM, build.reshape(gradientNorm, [1]), 1);
  return makeModel(graph, { '': opset });
}
