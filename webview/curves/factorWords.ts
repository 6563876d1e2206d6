// What became of a layer that was split into factors, in words: ranks, costs before and after, errors.

import type { FactorMode, LayerFactors } from '../../src/protocol/report';
import { relative } from '../../src/protocol/changes';
import { facts } from '../dom/facts';
import { t } from '../dom/language';
import { count, errorPercent, signedPercent, significant, UNKNOWN } from '../logic/format';

export function methodWords({ method }: LayerFactors): string {
  return t(`form.method.${method}`);
}

/** `24 of 64`, `16 of 64 inputs`. */
export function rankWords({ name, kept, full }: FactorMode): string {
  return t(`factors.of.${name}`, { kept, full });
}

export function factorFacts(factors: LayerFactors): HTMLElement {
  const { modes, parameters, macs, latency, weightError, activationError } = factors;
  return facts([
    [t('factors.method'), methodWords(factors)],
    [t('factors.rank'), modes.map(rankWords).join(', ')],
    [t('view.parameters'), change(parameters, count)],
    [t('view.macs'), macs === null ? UNKNOWN : change(macs, count)],
    ...(latency === null ? [] : [[t('factors.latency'), change(latency, significant, ' ms')] as const]),
    [t('factors.weightError'), errorPercent(weightError)],
    ...(activationError === null ? [] : [[t('factors.activationError'), errorPercent(activationError)] as const]),
  ]);
}

function change([before, after]: readonly [number, number], words: (value: number) => string, unit = ''): string {
  const share = relative(before, after);
  return `${words(before)} → ${words(after)}${unit}${share === null ? '' : ` (${signedPercent(share)})`}`;
}
