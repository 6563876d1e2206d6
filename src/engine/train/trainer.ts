// The training loop: batches in, trained weights out. (Types are in training.ts.)

import { EngineError } from '../error';
import type { TrainingRequest, TrainingResult } from './training';

export async function train(request: TrainingRequest): Promise<TrainingResult> {
  await request.prepare(request.options.batch);
  throw new EngineError('internal', {});
}
