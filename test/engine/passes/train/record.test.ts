// What is told after a training that did not go as asked.

import assert from 'node:assert/strict';
import { trainingFindings, type TrainingSummary } from '../../../../src/engine/passes/train/record';
import type { TrainingEvent, TrainingResult } from '../../../../src/engine/train/training';

const plain: TrainingResult = { parameters: new Map(), statistics: new Map(), history: [], best: undefined, steps: 3, stepsBack: 0, learningRateFactor: 1, seconds: 2 };

function told(result: Partial<TrainingResult>, events: readonly TrainingEvent[] = []): [string, string][] {
  const summary: TrainingSummary = { title: 'pass.finetune', fromScratch: false, keep: 'best', metric: undefined, events, result: { ...plain, ...result }, script: undefined, restored: 0, masks: new Map(), outputs: ['y'] };
  return trainingFindings(summary).slice(1).map(({ severity, code }) => [severity, code]);
}

describe('findings of a training', () => {
  const statistics = new Map([['mean', Float32Array.of(1)]]);

  it('say what parts of batches mean for BatchNormalization, and warn below 8 samples a part', () => {
    assert.deepEqual(told({}), []);
    assert.deepEqual(told({ shrunk: { from: 64, to: 4 } }), [['info', 'finding.trainingMicrobatch']]);
    assert.deepEqual(told({ shrunk: { from: 64, to: 8 }, statistics }), [['info', 'finding.trainingMicrobatchNorm']]);
    assert.deepEqual(told({ shrunk: { from: 64, to: 7 }, statistics }), [['warning', 'finding.trainingMicrobatchFew']]);
  });

  it('count steps back from the result, also where they were before a resume', () => {
    assert.deepEqual(told({ stepsBack: 2, learningRateFactor: 0.25 }), [['warning', 'finding.trainingStepBack']]);
  });

  it('warn that a training diverged and which epoch was kept', () => {
    assert.deepEqual(told({}, [{ type: 'diverged', step: 7, epoch: 2, bestEpoch: 1, learningRate: 0.002 }]), [['warning', 'finding.trainingDiverged']]);
  });

  it('name batches and accumulation that are not as asked', () => {
    assert.deepEqual(told({}, [{ type: 'batchFitted', from: 64, to: 48, microbatch: 24 }, { type: 'accumulateShrunk', from: 9, to: 4, samples: 130 }]), [
      ['info', 'finding.trainingBatchFitted'], ['info', 'finding.trainingAccumulateShrunk'],
    ]);
  });
});
