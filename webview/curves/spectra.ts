// The singular values of a layer that was split into factors, cut at its rank: small for a row of a table, large with captions,
// and as numbers. A layer has as many drawings as ranks.

import type { FactorMode, LayerFactors } from '../../src/protocol/report';
import { element } from '../dom/element';
import { t } from '../dom/language';
import { drawn } from '../dom/svg';
import { modeCurve, modeEntries, spectrumShape } from '../logic/factors';
import { significant } from '../logic/format';
import { cutParts, inside, LARGE, largeDrawing, legend, type Size, SMALL, smallDrawing } from './cutDrawing';
import { numbersFold } from './numbers';

/** Between drawings side by side. */
const GAP = 10;

export function smallSpectra(factors: LayerFactors): SVGSVGElement {
  const size = shared(SMALL, factors);
  return smallDrawing(...factors.modes.map((mode, place) => drawn('g', { transform: `translate(${place * (size.width + GAP)} 0)` }, ...drawing(factors, mode, size).parts)));
}

/** Side by side, with what their lines mean below. */
export function largeSpectra(factors: LayerFactors): HTMLElement {
  return element('div', { class: 'spectra' }, ...knownModes(factors).map((mode) => largeSpectrum(factors, mode, shared(LARGE, factors))));
}

function largeSpectrum(factors: LayerFactors, mode: FactorMode, size: Size): HTMLElement {
  const { kept, total } = modeCurve(factors, mode);
  const { parts, isLogarithmic } = drawing(factors, mode, size, String(kept));
  return element(
    'figure',
    { class: 'curve' },
    largeDrawing(size, t(`view.factors.curve.${mode.name}`, { what: valuesCode(factors), total, kept }), ...parts),
    legend(
      ['kept', t(`view.factors.kept.${factors.method === 'cp' ? 'components' : mode.name}`, { kept, total })],
      ...(kept < total ? [['removed', t('view.factors.removed', { count: total - kept })] as const] : []),
      ...(isLogarithmic ? [['across', t('view.factors.tenths')] as const] : []),
    ),
  );
}

export function spectraNumbers(factors: LayerFactors): readonly HTMLElement[] {
  return knownModes(factors).map((mode) =>
    numbersFold(
      t(`view.factors.fold.${mode.name}`),
      t(`view.factors.numbers.${mode.name}`, { what: valuesCode(factors) }),
      [t('view.curve.rank'), t('view.factors.value'), t('view.column.form')],
      modeEntries(modeCurve(factors, mode)).map(({ rank, value, stayed }) => [String(rank), significant(value), t(stayed ? 'view.curve.stayed' : 'view.factors.leftOut')]),
    ));
}

function drawing(factors: LayerFactors, mode: FactorMode, size: Size, label?: string): { readonly parts: readonly SVGElement[]; readonly isLogarithmic: boolean } {
  const { width, height } = inside(size);
  const shape = spectrumShape(modeCurve(factors, mode), width, height);
  return { parts: cutParts(shape, size, { across: shape.tenths, ...(label !== undefined && { label }) }), isLogarithmic: shape.tenths.length > 0 };
}

/** Those whose values are known. */
function knownModes({ modes }: LayerFactors): readonly FactorMode[] {
  return modes.filter(({ values }) => values.length > 0);
}

/** Each drawing's share of the room. */
function shared({ width, height }: Size, { modes }: LayerFactors): Size {
  return { width: (width - GAP * (modes.length - 1)) / Math.max(1, modes.length), height };
}

function valuesCode({ method }: LayerFactors): string {
  return method === 'cp' ? 'factors.weights' : 'factors.values';
}
