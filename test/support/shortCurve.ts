// The first steps of the transformer's loss curve: how it is trained, and where PyTorch's losses are stored (made by
// `npm run bench -- training-curves`).

import { join } from 'node:path';
import type { Split } from '../../src/engine/data/dataset';
import { randomIndices } from '../../src/engine/data/sampling';
import { seededRandom } from '../../src/engine/random';
import { subset } from '../../src/engine/train/samples';
import { trainingDefaults, type TrainingOptions } from '../../src/engine/train/training';
import { repositoryRoot } from './assets';

/** Issue 4. */
export const CURVE_STEPS = 200;
export const SHORT_STEPS = 10;

export const curveOptions: TrainingOptions = {
  ...trainingDefaults, optimizer: 'adamw', weightDecay: 0.01, schedule: 'cosine', warmup: 0.1, keep: 'last', epochs: 1, batch: 32, learningRate: 3e-4,
};

export const shortCurvePath = join(repositoryRoot, 'test', 'fixtures', 'training', 'curve.json');

/** The samples of the 200 steps, drawn from `train`. */
export function curveSamples(train: Split): Split {
  return subset(train, train.name, randomIndices(train.size, CURVE_STEPS * curveOptions.batch, seededRandom(1)));
}
