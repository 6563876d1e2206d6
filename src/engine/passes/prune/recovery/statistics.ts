// BatchNormalization after surgery: its inputs have other means and variances once channels before it are gone, so that the
// running statistics are measured anew on samples. Weights stay as they are.

import { float } from '../../../ir/attributes';
import { cloneModel } from '../../../ir/clone';
import { makeValue } from '../../../ir/build';
import { isOp, type Model } from '../../../ir/model';
import type { Split } from '../../../data/dataset';
import { exportTrained } from '../../../train/exportTrained';
import { prepareTraining } from '../../../train/prepare';
import type { PassContext } from '../../pass';
import { overSamples } from '../sampleRuns';

/** Samples whose statistics are taken together: as many as in training, so that variances are not those of a few. */
const BATCH = 64;

/** What was measured anew. */
export interface Renewed {
  /** BatchNormalizations with new statistics. */
  readonly layers: number;
  /** Samples they were measured on: a whole number of batches. */
  readonly samples: number;
}

/** The model with new statistics; the model itself where it has none. */
export async function renewStatistics(model: Model, split: Split, samples: number, context: PassContext): Promise<Renewed & { readonly model: Model }> {
  const norms = model.graph.nodes.filter((node) => isOp(node, 'BatchNormalization'));
  if (norms.length === 0) return { model, layers: 0, samples: 0 };
  // Without momentum the update of a batch is its own statistics; their mean over batches is kept.
  const momentary = cloneModel(model);
  for (const node of momentary.graph.nodes) if (isOp(node, 'BatchNormalization')) node.attributes.set('momentum', float(0));
  const trainable = await prepareTraining(momentary, { batch: Math.min(BATCH, split.size), dims: context.dims, isFrozen: () => false, batchNorm: 'train' });
  const copy = cloneModel(trainable.model);
  copy.graph.outputs = trainable.statistics.map(({ update, dims }) => makeValue(update, 'float32', dims));
  const sums = new Map(trainable.statistics.map(({ running, dims }) => [running, new Float64Array(dims[0] ?? 0)]));
  const batches = await overSamples({
    model: copy, trainable, split, samples,
    each: (outputs) => {
      for (const { running, update } of trainable.statistics) {
        const sum = sums.get(running);
        (outputs[update]?.data as Float32Array).forEach((value, channel) => { if (sum !== undefined) sum[channel] = (sum[channel] as number) + value; });
      }
    },
  }, context);
  const means = new Map([...sums].map(([running, sum]) => [running, Float32Array.from(sum, (value) => value / batches)]));
  return { model: exportTrained(model, means), layers: norms.length, samples: batches * trainable.batch };
}
