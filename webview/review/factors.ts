// What passes that split layers into factors made of them: a section a step, a row for each layer.

import type { LayerFactors } from '../../src/protocol/report';
import { element } from '../dom/element';
import { link } from '../dom/link';
import { passTitle, t } from '../dom/language';
import { factorFacts, methodWords, rankWords } from '../curves/factorWords';
import { largeSpectra, smallSpectra, spectraNumbers } from '../curves/spectra';
import { factorsValue, type FactoredStep, mostSaved, savedBy } from '../logic/factors';
import { count, shortLayerName } from '../logic/format';
import type { Cell, Column } from '../table/grid';
import { byLayerSection } from './byLayer';

export function factorsSection({ pass, factors }: FactoredStep, onShowLayer: (layer: string) => void): HTMLElement {
  const { figure, before, after } = savedBy(factors);
  return byLayerSection({
    name: 'factored',
    summary: t(factors.length === 1 ? 'view.factors.summary.one' : 'view.factors.summary', { pass: passTitle(pass), count: factors.length, figure: `view.${figure}`, before: count(before), after: count(after) }),
    label: t('view.factors.layers'),
    items: factors,
    columns: columns(factors.every(({ method }) => method === 'cp') ? t('view.factors.components') : t('factors.values')),
    valueOf: factorsValue,
    first: mostSaved(factors),
    chosen: (one) => [
      element('p', { class: 'chosen-name', title: one.layer }, link(shortLayerName(one.layer), () => onShowLayer(one.layer))),
      largeSpectra(one),
      factorFacts(one),
      ...spectraNumbers(one),
    ],
  });
}

const columns = (values: string): readonly Column<LayerFactors>[] => [
  { id: 'name', title: t('view.column.layer'), numeric: false, width: 70, grow: 4, keepEnd: true, cell: ({ layer }) => ({ text: shortLayerName(layer), title: layer }) },
  { id: 'curve', title: values, about: t('view.factors.column.about'), numeric: false, width: 105, grow: 0, cell: (factors) => ({ text: '', drawing: smallSpectra(factors) }) },
  { id: 'rank', title: t('factors.rank'), numeric: true, width: 120, grow: 0, cell: rankCell },
];

function rankCell(factors: LayerFactors): Cell {
  return {
    text: factors.modes.map(({ kept, full }) => `${kept}/${full}`).join(', '),
    title: t('view.factors.by', { method: methodWords(factors), ranks: factors.modes.map(rankWords).join(', ') }),
  };
}
