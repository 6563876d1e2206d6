// What passes split layers into: a table a step, with the rank of each layer, what it costs before and after, and how far off it is.

import { formatCount, formatDigits, formatPercent, UNKNOWN } from '../../protocol/format';
import type { CompareReport, CompressReport, LayerFactors, StepReport } from '../../protocol/report';
import { isTextCode } from '../../protocol/text/index';
import { renderTable } from '../table';
import type { Look } from '../terminal';

/** Lines with one that is empty behind each table; none where no pass split layers. */
export function renderFactors(report: CompareReport, look: Look): string[] {
  const steps = 'steps' in report ? (report as CompressReport).steps : [];
  return steps.flatMap(({ pass, factors = [] }: StepReport) => (factors.length === 0 ? [] : [titleOf(pass, look), ...table(factors, look), '']));
}

function titleOf(pass: string, look: Look): string {
  const code = `pass.${pass}`;
  return isTextCode(code) ? look.say(code) : pass;
}

function table(factors: readonly LayerFactors[], look: Look): string[] {
  return renderTable([
    { title: look.say('table.layer'), shrink: true },
    { title: look.say('table.method') },
    { title: look.say('table.rank'), align: 'right' },
    { title: look.say('table.parameters'), align: 'right', drop: 2 },
    { title: look.say('table.macs'), align: 'right', drop: 1 },
    { title: look.say('table.latencyMs'), align: 'right' },
    { title: look.say('table.weightError'), align: 'right', drop: 3 },
    { title: look.say('table.activationError'), align: 'right' },
  ], factors.map(({ layer, method, modes, parameters, macs, latency, weightError, activationError }) => [
    layer, look.say(`form.method.${method}`), modes.map(({ kept, full }) => `${kept}/${full}`).join(', '),
    arrow(parameters, formatCount), arrow(macs, formatCount), arrow(latency, formatDigits), formatPercent(weightError), formatPercent(activationError),
  ]), look);
}

function arrow(pair: readonly [number, number] | null, words: (value: number) => string): string {
  return pair === null ? UNKNOWN : `${words(pair[0])} → ${words(pair[1])}`;
}
