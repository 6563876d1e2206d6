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
  const theirs = context.teacherOutputs.find(({ name }) => name === output.name) ?? context.teacherOutputs[0];
  if (theirs === undefined) throw new EngineError('lossNeedsTeacher', { loss });
  const teacher = context.teacher(theirs.logits);
  if (teacher.shape.join() !== output.dims.join()) {
    throw new EngineError('teacherShape', {
      loss, student: output.logits, found: output.dims.join(', '), teacher: theirs.logits, wanted: teacher.shape.join(', '),
    });
  }
  return { student: output.logits, teacher: teacher.name, output };
}
