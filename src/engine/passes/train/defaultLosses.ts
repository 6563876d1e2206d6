// The losses of a distillation for which nobody chose any: by what the model's output is, classes or numbers.

import type { Dataset, Split } from '../../data/dataset';
import type { Model } from '../../ir/model';
import type { LossTerm } from '../../train/losses/loss';
import { prepareTraining } from '../../train/prepare';
import { classAxisOf, labelFormOf } from '../../train/targets';
import type { PassContext } from '../pass';

/** Labels that are looked at to tell classes from values. */
const LABELS_LOOKED_AT = 256;

/**
 * `kl` at the defaults of its options, or `outputs` where the output is not classes; and `label` where the data have labels.
 *
 * @throws EngineError what `prepareTraining` throws
 */
export async function defaultLosses(model: Model, data: Dataset, context: PassContext): Promise<readonly LossTerm[]> {
  const teacherTerm = await givesClasses(model, data, context) ? 'kl' : 'outputs';
  return [{ loss: teacherTerm }, ...(data.splits.get('train')?.labelled === true ? [{ loss: 'label' }] : [])];
}

/** A final Softmax or Sigmoid says so; else the labels of any split do, else whether the data have names of classes. */
async function givesClasses(model: Model, { splits, classes }: Dataset, { dims }: PassContext): Promise<boolean> {
  const { outputs: [output], batch } = await prepareTraining(model, { batch: 1, dims, isFrozen: () => false, batchNorm: 'frozen' });
  if (output === undefined || output.activation !== 'none') return true;
  const labelled = [...splits.values()].find((split) => split.labelled);
  if (labelled === undefined) return classes !== undefined;
  const labels = await firstLabels(labelled);
  return labelFormOf({ ...output, axis: classAxisOf(output, batch, labels) }, batch, labels) === 'classes';
}

async function firstLabels(split: Split): Promise<NonNullable<Awaited<ReturnType<Split['read']>>['labels']>> {
  return (await split.read(0, Math.min(split.size, LABELS_LOOKED_AT))).labels ?? [];
}
