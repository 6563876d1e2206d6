// How passes trained, one line each: the metric before and after, and the loss of every epoch.

import { formatDigits, formatMetric } from '../../protocol/format';
import type { CompareReport, CompressReport, StepReport } from '../../protocol/report';
import { isTextCode } from '../../protocol/text/index';
import type { Look } from '../terminal';

/** More epochs than this are shown by the first and the last ones. */
const MOST_LOSSES = 6;

export function renderTraining(report: CompareReport, look: Look): string[] {
  const steps = 'steps' in report ? (report as CompressReport).steps : [];
  return steps.flatMap((step) => line(step, look) ?? []);
}

function line({ pass, training }: StepReport, look: Look): string | undefined {
  if (training === undefined) return undefined;
  const { metricName, bestEpoch, epochs } = training;
  const code = `pass.${pass}`;
  const losses = shortened(epochs.flatMap(({ loss }) => (loss === null ? [] : [formatDigits(loss)]))).join(' → ');
  const at = (epoch: number): number | null => epochs.find((entry) => entry.epoch === epoch)?.metric ?? null;
  const values = [...(bestEpoch === 0 ? [] : [at(0)]), at(bestEpoch)].flatMap((value) => (value === null || metricName === null ? [] : [formatMetric(metricName, value)]));
  const text = metricName === null ? 'command.trainedLine' : bestEpoch === 0 ? 'command.trainedNoGainLine' : 'command.trainedMetricLine';
  return look.say(text, {
    pass: isTextCode(code) ? code : pass, epoch: bestEpoch, epochs: epochs.at(-1)?.epoch ?? 0, losses, metric: metricName ?? '', values: values.join(' → '),
  });
}

function shortened(losses: readonly string[]): readonly string[] {
  return losses.length <= MOST_LOSSES ? losses : [...losses.slice(0, MOST_LOSSES / 2), '…', ...losses.slice(-MOST_LOSSES / 2)];
}
