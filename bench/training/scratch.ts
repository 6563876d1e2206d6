// The example that trains from scratch: a ResNet on all of Fashion-MNIST, by the command, five epochs.

import { prepareTraining } from '../../src/engine/train/prepare';
import { elementCount } from '../../src/engine/ir/model';
import type { CompressReport } from '../../src/protocol/report';
import { fashionMnist } from '../../examples/training/fashionMnist';
import { resnet } from '../../examples/training/resnet';
import type { Bench } from '../lib/bench';
import { decant } from '../lib/decant';
import { inTemporaryFolder } from '../lib/workspace';

/** Issue 4. */
const WANTED = 0.915;
const TEST_IMAGES = 10_000;

export const trainingScratch: Bench = {
  name: 'training-scratch',
  title: 'From scratch on Fashion-MNIST',
  run: (log) => inTemporaryFolder(async (folder) => {
    log('five epochs over 59,000 images take some minutes');
    const { result: report, ms } = await decant<CompressReport>(...await fashionMnist(folder));
    const training = report.steps.find((step) => step.training !== undefined)?.training;
    if (training === undefined || report.samples !== TEST_IMAGES) throw new Error('the report has no training, or not the whole test split');
    const { parameters } = await prepareTraining(resnet({ channels: 1, size: 28, classes: 10 }), { batch: 1, dims: {}, isFrozen: () => false, batchNorm: 'train' });
    const count = parameters.reduce((sum, { dims }) => sum + elementCount(dims), 0);
    const accuracy = report.after.metric ?? NaN;
    const percent = (value: number | null): string => (value === null ? '' : `${(100 * value).toFixed(2)} %`);
    return {
      claims: [{
        claim: `ResNet of ${count} parameters (examples/training/resnet.ts), from new weights: accuracy on the ${TEST_IMAGES} test images after 5 epochs`, wanted: `>= ${percent(WANTED)}`,
        found: percent(accuracy), met: accuracy >= WANTED, note: `the weights of epoch ${training.bestEpoch}, chosen by 1,000 training images that were held out; ${(ms / 60_000).toFixed(1)} minutes for the whole command, other work on the machine included`,
      }],
      tables: [{
        title: '59,000 images an epoch, batch 128, SGD with a one-cycle schedule (examples/training/fashion-mnist.recipe.json)',
        columns: ['epoch', 'loss', 'held-out accuracy', 'learning rate at its end'],
        rows: training.epochs.map(({ epoch, loss, metric, learningRate }) => [String(epoch), loss?.toFixed(4) ?? '', percent(metric), learningRate.toExponential(2)]),
      }],
    };
  }),
};
