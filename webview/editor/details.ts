// The pane beside the table: all that is known about one layer.

import type { ImportanceCurve, LayerFactors, LayerReport, ValueDescription } from '../../src/protocol/report';
import type { LayerRow } from '../logic/layerRows';
import { UNKNOWN, bytes, count, decibels, milliseconds, shape, shortLayerName, signedMilliseconds, signedPercent, signedPoints } from '../logic/format';
import { factorFacts } from '../curves/factorWords';
import { importanceNumbers, keptWords, largeCurve } from '../curves/importance';
import { largeSpectra, spectraNumbers } from '../curves/spectra';
import { makersOf } from '../logic/importance';
import { type Child, element } from '../dom/element';
import { facts } from '../dom/facts';
import { link } from '../dom/link';
import { phrase, t } from '../dom/language';

export function layerDetails(row: LayerRow, onShowText: () => void): HTMLElement {
  const { layer, profiled, report } = row;
  return element(
    'div',
    { class: 'details' },
    group(element('h3', { class: 'detail-name' }, layer.name), facts([
      [t('view.column.op'), layer.op],
      [t('view.detail.type'), layer.type],
      ...(layer.id === layer.name ? [] : [[t('view.detail.id'), layer.id] as const]),
      [t('view.column.size'), layer.weightBytes === 0 ? UNKNOWN : bytes(layer.weightBytes)],
      [t('view.parameters'), layer.parameters === 0 ? UNKNOWN : layer.parameters.toLocaleString('en')],
      [t('view.macs'), count(layer.macs)],
      [t('view.detail.activations'), layer.activationBytes === null ? UNKNOWN : bytes(layer.activationBytes)],
      ...(profiled === null
        ? []
        : ([
            [t('view.latency'), t('view.detail.spread', { mean: milliseconds(profiled.latency.mean), p10: milliseconds(profiled.latency.p10), p90: milliseconds(profiled.latency.p90) })],
            [t('view.detail.provider'), profiled.provider],
          ] as const)),
      ...(row.measuredWith === null ? [] : [[t('view.latency'), t('view.measuredWith', { layer: row.measuredWith })] as const]),
    ]), link(t('text.show'), onShowText)),
    ...(report === null ? [] : compressed(report, row)),
    ...row.curves.map((curve) => importance(curve, layer.id)),
    ...row.factors.map(factored),
    ...section(t('view.inputs'), layer.inputs.map(valueLine)),
    ...section(t('view.outputs'), layer.outputs.map(valueLine)),
    ...section(t('view.detail.nodes'), layer.nodes.map((node) => element('li', { class: 'mono' }, node))),
  );
}

function compressed(report: LayerReport, row: LayerRow): readonly HTMLElement[] {
  const { after, before, outputError, accuracyDelta } = report;
  const latency = row.change?.latency ?? null;
  const sizeShare = row.change?.bytes ?? null;
  return [group(element('h3', {}, t('view.detail.compressed')), facts([
      [t('view.column.form'), phrase(after.form)],
      [t('view.column.size'), sizeShare === null ? UNKNOWN : `${bytes(before.weightBytes)} → ${bytes(after.weightBytes)} (${signedPercent(sizeShare)})`],
      ...(latency === null ? [] : [[t('view.latency'), `${milliseconds(before.latency?.mean ?? null)} → ${milliseconds(after.latency?.mean ?? null)} (${signedMilliseconds(latency.difference)}, ${t(`view.gain.${latency.gain}`)})`] as const]),
      ...(outputError === null
        ? []
        : ([
            [t('view.detail.sqnr'), `${decibels(outputError.sqnrDb)} dB`],
            [t('view.detail.cosine'), outputError.cosine.toFixed(5)],
          ] as const)),
      ...(accuracyDelta === null ? [] : [[t('view.detail.accuracy'), `${signedPoints(accuracyDelta.value)} (${accuracyDelta.method})`] as const]),
    ]))];
}

/** Groups of several layers are judged together; which ones is said. */
function importance(curve: ImportanceCurve, id: string): HTMLElement {
  const others = makersOf(curve).filter((maker) => maker !== id);
  return group(
    element('h3', {}, t('view.detail.importance', { kept: keptWords(curve) })),
    largeCurve(curve),
    others.length === 0 ? null : element('p', { class: 'quiet together', title: others.join('\n') }, together(others.map(shortLayerName))),
    importanceNumbers(curve),
  );
}

function factored(factors: LayerFactors): HTMLElement {
  return group(element('h3', {}, t('view.detail.factors')), factorFacts(factors), largeSpectra(factors), ...spectraNumbers(factors));
}

/** A residual stream joins dozens of layers; the tooltip has them all. */
const MOST_NAMES = 3;

function together(names: readonly string[]): string {
  const [shown, more] = [names.slice(0, MOST_NAMES).join(', '), names.length - MOST_NAMES];
  return more > 0 ? t('view.detail.togetherMore', { layers: shown, count: more }) : t('view.detail.together', { layers: shown });
}

function group(...children: readonly Child[]): HTMLElement {
  return element('section', {}, ...children);
}

function section(title: string, items: readonly Child[]): readonly HTMLElement[] {
  if (items.length === 0) return [];
  return [group(element('h3', {}, title), element('ul', { class: 'plain' }, ...items))];
}

function valueLine(value: ValueDescription): HTMLElement {
  return element('li', {}, element('span', { class: 'mono' }, value.name), element('span', { class: 'quiet' }, `${value.type} ${shape(value.shape)}`));
}
