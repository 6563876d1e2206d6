// What several losses are written with.

import { EngineError } from '../../error';
import { int } from '../../ir/attributes';
import { elementCount } from '../../ir/model';
import type { GraphBuilder } from '../graphBuilder';
import type { TrainableOutput } from '../trainable';
import type { LossContext } from './loss';

/** @throws EngineError `noFloatOutput` */
export function firstOutput({ build, outputs }: LossContext): TrainableOutput {
  const [output] = outputs;
  if (output === undefined) throw new EngineError('noFloatOutput', { outputs: build.graph.outputs.map(({ name }) => name).join(', ') });
  return output;
}

/** How many distributions over classes an output holds: samples, times pixels or tokens. */
export function distributions({ dims, axis }: TrainableOutput): number {
  return elementCount(dims) / (dims[axis] ?? 1);
}

/** Sum of all elements divided by `count`, rank 0. */
export function mean(build: GraphBuilder, tensor: string, count: number): string {
  return build.mul(build.node('ReduceSum', [tensor], { keepdims: int(0) }), build.scalar(1 / count));
}

export function meanOfAll(build: GraphBuilder, tensor: string): string {
  return build.node('ReduceMean', [tensor], { keepdims: int(0) });
}

/** Against division by 0 in a batch of ignored positions only: its loss is 0. Any weight that counts is far larger. */
const NOTHING = 1e-12;

/** Sum of all elements of `tensor` divided by the sum of `weights`, which it has been multiplied by. */
export function meanUnder(build: GraphBuilder, tensor: string, weights: string): string {
  const all = { keepdims: int(0) };
  return build.div(build.node('ReduceSum', [tensor], all), build.node('Max', [build.node('ReduceSum', [weights], all), build.scalar(NOTHING)]));
}

/** Whether labels may leave out positions: of pixels and tokens, never whole samples (targets.ts). */
export function mayIgnore({ labelForm, batch }: LossContext, output: TrainableOutput): boolean {
  return labelForm === 'classes' && distributions(output) > batch;
}

/**
 * Logits of the student and of the teacher for a loss between distributions.
 *
 * @throws EngineError `lossUnfit` for an output of one value without Sigmoid, or of numbers (as the labels say), `teacherShape`, `teacherTensorMissing`.
 */
export function comparedLogits(context: LossContext, loss: string): { readonly student: string; readonly teacher: string; readonly output: TrainableOutput } {
  const output = firstOutput(context);
  if (context.labelForm === 'values' || (output.activation !== 'sigmoid' && (output.dims[output.axis] ?? 1) < 2)) {
    throw new EngineError('lossUnfit', { loss, output: output.name, shape: output.dims.join(', ') });
  }
  return { student: output.logits, teacher: teacherTensor(context, loss, output, 'logits'), output };
}

/**
 * The teacher's tensor for an output of the student, of the same name or else the first: before or behind its activation.
 *
 * @throws EngineError `lossNeedsTeacher`, `teacherShape`, `teacherTensorMissing`
 */
export function teacherTensor(context: LossContext, loss: string, output: TrainableOutput, which: 'logits' | 'name'): string {
  const theirs = context.teacherOutputs.find(({ name }) => name === output.name) ?? context.teacherOutputs[0];
  if (theirs === undefined) throw new EngineError('lossNeedsTeacher', { loss });
  const teacher = context.teacher(theirs[which]);
  if (teacher.shape.join() !== output.dims.join()) {
    throw new EngineError('teacherShape', {
      loss, student: output[which], found: output.dims.join(', '), teacher: theirs[which], wanted: teacher.shape.join(', '),
    });
  }
  return teacher.name;
}
