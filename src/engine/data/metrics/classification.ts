// Metrics of classifiers: top1, top5, f1, and agreement with a baseline.

import { EngineError } from '../../error';
import { type Metric, type MetricContext, corpusMetric, meanMetric } from './metric';
import { type Scores, classLabel, classScores, topClass } from './readOutputs';

/** Share of samples whose label is among the `k` highest scores; of equal scores the lower class index counts first. */
export function topK(name: string, k: number, context: MetricContext): Metric {
  return meanMetric({
    name,
    higherIsBetter: true,
    rows(outputs, batch) {
      const scores = classScores(outputs, batch, name);
      return Array.from({ length: batch.size }, (_, sample) => Number(rankOf(scores, sample, classLabel(batch, sample, scores.classes, context)) < k));
    },
  });
}

/** How many classes come before `label`; a NaN comes before everything, so a broken output never counts as right. */
function rankOf(scores: Scores, sample: number, label: number): number {
  const own = scores.at(sample, label);
  let before = Number.isNaN(own) ? scores.classes : 0;
  for (let index = 0; index < scores.classes; index += 1) {
    const score = scores.at(sample, index);
    if (Number.isNaN(score) || score > own || (score === own && index < label)) before += 1;
  }
  return before;
}

/** Macro F1: the mean over the classes that occur as label or prediction, as scikit-learn's `f1_score(average="macro")`. */
export function f1(context: MetricContext): Metric {
  return corpusMetric<readonly [label: number, predicted: number, classes: number]>({
    name: 'f1',
    higherIsBetter: true,
    rows(outputs, batch) {
      const scores = classScores(outputs, batch, 'f1');
      return Array.from({ length: batch.size }, (_, sample) =>
        [classLabel(batch, sample, scores.classes, context), topClass(scores, sample), scores.classes] as const);
    },
    combine(rows, counts) {
      const classes = rows[0]?.[2] ?? 0;
      const right = new Float64Array(classes);
      const seen = new Float64Array(classes);
      for (const [row, [label, predicted]] of rows.entries()) {
        const count = counts[row] ?? 0;
        seen[label] = (seen[label] ?? 0) + count;
        // A prediction of -1 (NaN scores) belongs to no class: it only misses.
        if (predicted >= 0) seen[predicted] = (seen[predicted] ?? 0) + count;
        if (label === predicted) right[label] = (right[label] ?? 0) + count;
      }
      // F1 = 2 TP / (2 TP + FP + FN), and TP + FN plus TP + FP is what `seen` counts.
      const scored = Array.from(seen.keys()).filter((index) => (seen[index] ?? 0) > 0);
      return scored.reduce((sum, index) => sum + (2 * (right[index] ?? 0)) / (seen[index] ?? 1), 0) / scored.length;
    },
  });
}

/** Share of samples for which the baseline gives the same class. */
export function agreement(): Metric {
  return meanMetric({
    name: 'agreement',
    higherIsBetter: true,
    rows(outputs, batch, reference) {
      if (reference === undefined) throw new EngineError('baselineNeeded', { metric: 'agreement' });
      const scores = classScores(outputs, batch, 'agreement');
      const others = classScores(reference, batch, 'agreement');
      return Array.from({ length: batch.size }, (_, sample) => {
        const own = topClass(scores, sample);
        return Number(own >= 0 && own === topClass(others, sample));
      });
    },
  });
}
