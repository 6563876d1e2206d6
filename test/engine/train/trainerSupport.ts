// What tests of the training loop share: a few real samples, killing and resuming, and looking at what came out.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../src/engine/data/dataset';
import { EngineError } from '../../../src/engine/error';
import { subset } from '../../../src/engine/train/samples';
import type { Clock } from '../../../src/engine/train/steps';
import { train } from '../../../src/engine/train/trainer';
import type { TrainedValues, TrainingEvent, TrainingRequest, TrainingResult } from '../../../src/engine/train/training';
import { storedCheckpoint } from '../../support/storedCheckpoint';
import { type TrainingCase, trainingCase, trainingRequest } from '../../support/training';

export type FewKeywords = Pick<TrainingCase, 'model' | 'train'>;

/** 130 of 1,000 samples: four batches of 32 and a rest. The data are the caller's to close. */
export async function fewKeywords(): Promise<{ readonly few: FewKeywords; readonly whole: FewKeywords; readonly data: Dataset }> {
  const { model, train: whole, data } = await trainingCase('models/dnn_m-kws12.onnx', 'data/kws-dnn.json', 1000);
  return { few: { model, train: subset(whole, 'train', Array.from({ length: 130 }, (_, index) => index)) }, whole: { model, train: whole }, data };
}

export function assertSame(found: TrainedValues, expected: TrainedValues, tolerance = 0): void {
  assert.deepEqual([...found.keys()], [...expected.keys()]);
  for (const [name, values] of expected) {
    const largest = values.reduce((most, value, at) => Math.max(most, Math.abs(value - (found.get(name)?.[at] ?? NaN))), 0);
    assert.ok(largest <= tolerance, `${name} differs by ${largest}`);
  }
}

export async function refusal(request: TrainingRequest, clock?: Clock): Promise<EngineError> {
  const error = await train(request, clock).then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof EngineError, String(error));
  return error;
}

/** Every look at it is so much later: 1 ms makes all steps as short as those of a small network on an idle machine. */
export function steadyClock(step = 1): Clock {
  let milliseconds = 0;
  return () => (milliseconds += step);
}

export function ofType<Type extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: Type): Extract<TrainingEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<TrainingEvent, { type: Type }> => event.type === type);
}

/** Kills a training after a step, as losing the process does: what was saved last is all there is. Then goes on. */
export async function killedAndResumed(
  training: FewKeywords, options: Parameters<typeof trainingRequest>[1], overrides: Partial<TrainingRequest>, atStep: number, clock?: Clock,
): Promise<TrainingResult> {
  const checkpoint = storedCheckpoint();
  const controller = new AbortController();
  const onEvent = (event: TrainingEvent): void => { if (event.type === 'step' && event.step === atStep) controller.abort(); };
  const { request: stopping } = trainingRequest(training, options, { ...overrides, checkpoint, signal: controller.signal, onEvent });
  assert.equal((await refusal(stopping, clock)).code, 'cancelled');
  assert.ok(checkpoint.bytes() !== undefined, 'no checkpoint');
  const { request, events } = trainingRequest(training, options, { ...overrides, checkpoint });
  const result = await train(request, clock);
  const { stepsPerEpoch = NaN } = ofType(events, 'started')[0] ?? {};
  assert.deepEqual(ofType(events, 'resumed'), [{ type: 'resumed', step: atStep, epoch: Math.floor(atStep / stepsPerEpoch) + 1 }]);
  return result;
}
