// The metric that training is judged by, on samples it does not train on: the one of the run or of the data where it can
// be had, else what labels and outputs allow.

import { runBatches } from '../../data/batches';
import type { Dataset, Split } from '../../data/dataset';
import { isMetricName } from '../../data/description';
import { createMetric, needsBaseline, usualMetric } from '../../data/metrics/createMetric';
import type { Metric } from '../../data/metrics/metric';
import type { Model } from '../../ir/model';
import { fixedBatch, modelOutputs } from '../../ir/signature';
import type { Session } from '../../ports';
import type { PassContext } from '../pass';

export interface HeldOutMetric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  readonly samples: number;
  /** @throws EngineError as the metric does, `cancelled` */
  of(model: Model): Promise<number>;
  release(): Promise<void>;
}

/**
 * @param reference the model that others are compared with where the metric wants one: the teacher, or the model before.
 * @param comparesNumbers whether the training compares numbers and not classes: then numbers judge it too, without labels.
 * @returns undefined where no metric fits: labels that only a script understands.
 */
export async function heldOutMetric(
  split: Split, data: Dataset, { reference, comparesNumbers }: { readonly reference: Model; readonly comparesNumbers: boolean }, context: PassContext,
): Promise<HeldOutMetric | undefined> {
  const name = await metricName(split, data, { reference, comparesNumbers, chosen: context.metric });
  if (name === undefined) return undefined;
  const create = (): Metric => createMetric(name, { file: data.path, split: split.name, labelled: split.labelled, ...(data.classes && { classes: data.classes }) });
  const fixed = fixedBatch(reference);
  const session = (model: Model): Promise<Session> => context.runtime.createSession(model, { provider: context.provider, threads: context.threads, dims: context.dims });
  const baseline = needsBaseline(name, split.labelled) ? await session(reference) : undefined;
  return {
    name,
    higherIsBetter: create().higherIsBetter,
    samples: split.size,
    async of(model) {
      const judged = await session(model);
      try {
        const metric = create();
        for await (const { batch, outputs: [own, compared] } of runBatches([judged, ...(baseline === undefined ? [] : [baseline])], split, {
          ...(fixed !== undefined && { fixedBatch: fixed }),
          ...(context.signal !== undefined && { signal: context.signal }),
        })) if (own !== undefined) metric.add(own, batch, compared);
        return await metric.value();
      } finally {
        await judged.release();
      }
    },
    release: async () => baseline?.release(),
  };
}

/** The script that the run or the data name as the metric, a command by its words: it judges the report, but no epochs. */
export function scriptMetric({ metric }: Dataset, chosen: string | undefined): string | undefined {
  const asked = chosen ?? metric;
  if (typeof asked === 'object') return asked.command.join(' ');
  return asked === undefined || isMetricName(asked) ? undefined : asked;
}

async function metricName(split: Split, data: Dataset, { reference, comparesNumbers, chosen }: {
  readonly reference: Model; readonly comparesNumbers: boolean; readonly chosen: string | undefined;
}): Promise<string | undefined> {
  for (const wanted of [chosen, data.metric]) {
    if (typeof wanted === 'string' && isMetricName(wanted) && (split.labelled || needsBaseline(wanted, false))) return wanted;
  }
  const shape = modelOutputs(reference)[0]?.shape;
  if (!split.labelled) return comparesNumbers ? 'mse' : usualMetric(shape, false);
  const { labels } = await split.read(0, 1);
  if (typeof labels?.[0] === 'number') return shape?.length === 2 ? usualMetric(shape, true) : 'mse';
  return Array.isArray(labels?.[0]) ? 'mse' : undefined;
}
