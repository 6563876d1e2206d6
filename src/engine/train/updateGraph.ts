// The step itself, on flat vectors: clip the gradient, update the weights, average them. Part of the training graph, or a
// graph of its own behind accumulated gradients.

import { makeGraph, makeModel, makeValue } from '../ir/build';
import { int } from '../ir/attributes';
import type { Model } from '../ir/model';
import type { FlatLayout, VectorName } from './flat';
import { GraphBuilder } from './graphBuilder';
import { addOutput } from './graphOutput';
import type { Optimiser } from './optimisers/optimiser';
import type { PlannedPenalty } from './penalty/planPenalty';
import { shrinkUnits } from './penalty/penaltyGraph';
import { GRADIENT_NORM, gradientInput, nextOutput, scalarInput, stateInput } from './trainingNames';

export interface UpdateOptions {
  readonly optimiser: Optimiser;
  /** Largest global norm of the gradient; 0 leaves it alone. */
  readonly clip: number;
  /** Whether an exponential average of weights and statistics is kept. */
  readonly ema: boolean;
  /** Makes units smaller after each step. */
  readonly penalty?: PlannedPenalty | undefined;
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
export function updateScalars({ optimiser, ema, penalty }: UpdateOptions): readonly string[] {
  return [...optimiser.scalars, ...(ema ? ['emaDecay', 'emaRest'] : []), ...(penalty === undefined ? [] : ['pull'])];
}

interface GroupGradient {
  readonly name: VectorName;
  readonly length: number;
  /** Tensor of ones and zeros, as long as the group; undefined where all of it is trained. */
  readonly mask: string | undefined;
  /** Zero where the mask is. */
  readonly gradient: string;
}

function maskedGradients(build: GraphBuilder, { groups }: FlatLayout, gradients: ReadonlyMap<VectorName, string>): GroupGradient[] {
  return groups.map(({ name, length, mask: trained }) => {
    const gradient = gradients.get(name) ?? '';
    if (trained === undefined) return { name, length, mask: undefined, gradient };
    // As booleans it is a quarter of the graph's bytes; onnxruntime folds the Cast when it opens the graph.
    const mask = build.cast(build.constant({ type: 'bool', dims: [length], data: trained }, 'train/mask'), 'float32');
    return { name, length, mask, gradient: build.mul(gradient, mask) };
  });
}

/**
 * Appends the step. Weights and the updated statistics are read as `state/` and `next/` tensors that are there; inputs
 * for optimiser state and scalars are added. Masked weights come out as zeros, whatever went in; gradient and nudge are
 * masked too, so that they have no part in the norm and none of them becomes a negative zero. Gives the norm of the
 * gradient before clipping, rank 0.
 */
export function writeUpdate(build: GraphBuilder, layout: FlatLayout, gradients: ReadonlyMap<VectorName, string>, options: UpdateOptions): { readonly gradientNorm: string } {
  const { graph } = build;
  const { optimiser, clip, ema, penalty } = options;
  const input = (name: string, dims: readonly number[]): string => {
    graph.inputs.push(makeValue(name, 'float32', dims));
    return name;
  };
  const output = (vector: string, tensor: string, length: number): string => addOutput(build, nextOutput(vector), tensor, length);
  for (const name of updateScalars(options)) input(scalarInput(name), []);

  const groups = maskedGradients(build, layout, gradients);
  const [first, ...rest] = groups.map(({ gradient }) => build.node('ReduceSumSquare', [gradient], { keepdims: int(0) }));
  const gradientNorm = build.node('Sqrt', [build.sum([first ?? build.scalar(0), ...rest])]);
  const factor = clip > 0
    ? build.node('Min', [build.div(build.scalar(clip), build.add(gradientNorm, build.scalar(CLIP_EPSILON))), build.scalar(1)])
    : undefined;

  const stepped = new Map(groups.map(({ name, length, mask, gradient }): [VectorName, string] => {
    const clipped = factor === undefined ? gradient : build.mul(gradient, factor);
    const nudge = build.scalar(NUDGE);
    const { parameters, state } = optimiser.update({
      build,
      parameters: stateInput(name),
      gradient: optimiser.slots.length === 0 ? clipped : build.add(clipped, mask === undefined ? nudge : build.mul(mask, nudge)),
      state: optimiser.slots.map((slot) => input(stateInput(`${name}/${slot}`), [length])),
      decays: name === 'decayed',
      scalar: scalarInput,
    });
    optimiser.slots.forEach((slot, index) => output(`${name}/${slot}`, state[index] ?? '', length));
    return [name, mask === undefined ? parameters : build.mul(parameters, mask)];
  }));
  const weights = penalty === undefined ? stepped : shrinkUnits(build, penalty, layout, stepped, scalarInput('pull'));
  for (const { name, length } of groups) output(name, weights.get(name) ?? '', length);
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
