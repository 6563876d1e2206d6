// What a pass that trains tells afterwards: findings for people and the record of its epochs, from the events of the trainer.

import { formatCount, formatDigits, formatMetric } from '../../../protocol/format';
import type { Finding, TrainingReport } from '../../../protocol/report';
import { type FindingCode, said, type TextParams } from '../../../protocol/text/index';
import type { TrainingEvent, TrainingOptions, TrainingResult } from '../../train/training';
import type { HeldOutMetric } from './heldOutMetric';

export interface TrainingSummary {
  /** Text code of what trained. */
  readonly title: string;
  readonly fromScratch: boolean;
  readonly keep: TrainingOptions['keep'];
  readonly metric: HeldOutMetric | undefined;
  /** The metric that the run or the data name, where it is a script. */
  readonly script: string | undefined;
  readonly events: readonly TrainingEvent[];
  readonly result: TrainingResult;
  /** Convolutions behind which BatchNormalization was put back. */
  readonly restored: number;
  /** Of the weights that a pass made sparse, by name: 0 where they stay zero. */
  readonly masks: ReadonlyMap<string, Uint8Array>;
  /** Float outputs of the model in their order; losses act on the first. */
  readonly outputs: readonly string[];
}

/** The epoch whose weights were kept. */
export function keptEpoch({ keep, result: { best, history } }: Pick<TrainingSummary, 'keep' | 'result'>): number {
  return (keep === 'best' ? best?.epoch : undefined) ?? history.at(-1)?.epoch ?? 0;
}

export function trainingReport(summary: TrainingSummary): TrainingReport {
  const { metric, result } = summary;
  return {
    metricName: metric?.name ?? null,
    higherIsBetter: metric?.higherIsBetter ?? null,
    bestEpoch: keptEpoch(summary),
    epochs: result.history.map(({ epoch, loss, metric: value, learningRate }) => ({ epoch, loss, metric: value, learningRate })),
  };
}

export function trainingFindings(summary: TrainingSummary): Finding[] {
  return [outcome(summary), ...restoredNorms(summary), ...keptMasks(summary), ...otherMetric(summary), ...otherOutputs(summary), ...incidents(summary)];
}

function outcome(summary: TrainingSummary): Finding {
  const { title, metric, events, result, fromScratch } = summary;
  const { history, steps, seconds } = result;
  const started = events.findLast(({ type }) => type === 'started');
  const kept = keptEpoch(summary);
  const params: TextParams = {
    pass: title, steps, seconds: formatDigits(seconds), epoch: kept, epochs: history.at(-1)?.epoch ?? 0,
    parameters: formatCount(started?.type === 'started' ? started.parameters : null),
    batch: started?.type === 'started' ? started.batch * started.accumulate : 0,
  };
  if (metric === undefined) return finding('info', 'finding.trainedUnmeasured', { ...params, loss: formatDigits(history.at(-1)?.loss ?? null) });
  const show = (value: number | null | undefined): string => formatMetric(metric.name, value ?? null);
  const measured = { ...params, metric: metric.name, heldOut: metric.samples, before: show(history.find(({ epoch }) => epoch === 0)?.metric), after: show(history.find(({ epoch }) => epoch === kept)?.metric) };
  if (fromScratch) return finding('info', 'finding.trainedFromScratch', measured);
  if (kept > 0) return finding('info', 'finding.trained', measured);
  const values = history.flatMap(({ epoch, metric: value }) => (epoch === 0 || value === null ? [] : [value]));
  const after = values.length === 0 ? undefined : metric.higherIsBetter ? Math.max(...values) : Math.min(...values);
  return finding('warning', 'finding.trainingNoGain', { ...measured, after: show(after) });
}

function restoredNorms({ restored }: TrainingSummary): Finding[] {
  return restored === 0 ? [] : [finding('info', 'finding.batchNormRestored', { count: restored })];
}

function keptMasks({ masks }: TrainingSummary): Finding[] {
  if (masks.size === 0) return [];
  const zeros = [...masks.values()].reduce((sum, mask) => sum + mask.reduce((count, trained) => count + 1 - trained, 0), 0);
  return [finding('info', 'finding.masksKept', { zeros, tensors: masks.size })];
}

function otherMetric({ metric, script: asked }: TrainingSummary): Finding[] {
  if (asked === undefined) return [];
  return [metric === undefined ? finding('warning', 'finding.metricUnused', { asked }) : finding('warning', 'finding.metricReplaced', { metric: metric.name, asked })];
}

function otherOutputs(summary: TrainingSummary): Finding[] {
  const { outputs: [first = '', ...others] } = summary;
  return others.length === 0 || keptEpoch(summary) === 0 ? [] : [finding('warning', 'finding.trainedFirstOutput', { output: first, others: others.join(', ') })];
}

/** What did not go as asked; counts are those of the result, which knows what was before a resume. */
function incidents({ events, metric, result }: TrainingSummary): Finding[] {
  const { stepsBack, learningRateFactor } = result;
  const found: Finding[] = stepsBack === 0 ? [] : [finding('warning', 'finding.trainingStepBack', { count: stepsBack, factor: formatDigits(learningRateFactor) })];
  const fitted = events.findLast(({ type }) => type === 'batchFitted');
  if (fitted?.type === 'batchFitted') found.push(finding('info', 'finding.trainingBatchFitted', { from: fitted.from, to: fitted.to, microbatch: fitted.microbatch }));
  const fewer = events.findLast(({ type }) => type === 'accumulateShrunk');
  if (fewer?.type === 'accumulateShrunk') found.push(finding('info', 'finding.trainingAccumulateShrunk', { from: fewer.from, to: fewer.to, samples: fewer.samples }));
  for (const event of events) {
    if (event.type === 'batchShrunk') found.push(finding('info', 'finding.trainingBatchShrunk', { from: event.from, to: event.to, samples: event.samples }));
    if (event.type === 'diverged') {
      const { step, epoch, bestEpoch: best, learningRate } = event;
      found.push(finding('warning', 'finding.trainingDiverged', { step, epoch, best, learningRate: formatDigits(learningRate) }));
    }
    if (event.type === 'earlyStop') found.push(finding('info', 'finding.trainingStopped', { epoch: event.epoch, best: event.bestEpoch, metric: metric?.name ?? 'loss' }));
  }
  return [...found, ...microbatches(result)];
}

/** Below it the statistics of BatchNormalization cost accuracy: Wu and He, Group Normalization (2018), figure 1. */
const FEWEST_FOR_STATISTICS = 8;

function microbatches({ shrunk, statistics }: TrainingResult): Finding[] {
  if (shrunk === undefined) return [];
  if (statistics.size === 0) return [finding('info', 'finding.trainingMicrobatch', { ...shrunk })];
  if (shrunk.to >= FEWEST_FOR_STATISTICS) return [finding('info', 'finding.trainingMicrobatchNorm', { ...shrunk })];
  return [finding('warning', 'finding.trainingMicrobatchFew', { ...shrunk, least: FEWEST_FOR_STATISTICS })];
}

function finding(severity: Finding['severity'], code: FindingCode, params: TextParams): Finding {
  return { severity, ...said(code, params) };
}
