// The metrics by name.

import { EngineError } from '../../error';
import { type MetricName, isMetricName, metricNames } from '../description';
import { agreement, f1, topK } from './classification';
import { meanAveragePrecision } from './detection';
import { perplexity, wordErrorRate } from './language';
import type { Metric, MetricContext } from './metric';
import { cosine, meanSquaredError, psnr, r2, spearman } from './regression';
import { meanIou } from './segmentation';

/** What a metric compares the outputs with. */
type Needs = 'labels' | 'baseline' | 'either' | 'nothing';

const metrics: Readonly<Record<MetricName, { readonly needs: Needs; readonly create: (context: MetricContext) => Metric }>> = {
  top1: { needs: 'labels', create: (context) => topK('top1', 1, context) },
  top5: { needs: 'labels', create: (context) => topK('top5', 5, context) },
  f1: { needs: 'labels', create: f1 },
  mse: { needs: 'either', create: meanSquaredError },
  r2: { needs: 'labels', create: r2 },
  psnr: { needs: 'either', create: psnr },
  miou: { needs: 'labels', create: meanIou },
  map50: { needs: 'labels', create: meanAveragePrecision },
  wer: { needs: 'labels', create: wordErrorRate },
  cosine: { needs: 'either', create: cosine },
  spearman: { needs: 'labels', create: spearman },
  perplexity: { needs: 'nothing', create: perplexity },
  agreement: { needs: 'baseline', create: agreement },
};

/** Throws `unknownMetric`, or `labelsMissing` where the split has no labels and the metric cannot do without. */
export function createMetric(name: string, context: MetricContext): Metric {
  if (!isMetricName(name)) throw new EngineError('unknownMetric', { metric: name, known: metricNames.join(', ') });
  const { needs, create } = metrics[name];
  if (needs === 'labels' && !context.labelled) throw new EngineError('labelsMissing', { metric: name, split: context.split, file: context.file });
  return create(context);
}

/**
 * What judges a model where nobody names a metric, by the shape of its first output: a single value a sample by the
 * squared error (against labels or the original), others by their classes, without labels by agreement with the original.
 */
export function usualMetric(shape: readonly (number | string)[] | null | undefined, labelled: boolean): MetricName {
  if (shape?.length === 2 && shape[1] === 1) return 'mse';
  if (labelled) return 'top1';
  return shape?.length === 2 ? 'agreement' : 'cosine';
}

/** Whether `add` must be given the baseline's outputs for this split. */
export function needsBaseline(name: string, labelled: boolean): boolean {
  if (!isMetricName(name)) return false;
  const { needs } = metrics[name];
  return needs === 'baseline' || (needs === 'either' && !labelled);
}
