// The head of the model editor: what the file is, its totals, its inputs and outputs, findings, and the line that
// compares it with its compressed version. Drawn anew whenever one of them changes.

import { metricChangeText } from '../../src/protocol/metrics';
import type { EvaluateReport, InspectReport, ProfileReport, ValueDescription } from '../../src/protocol/report';
import type { ModelReview } from '../../src/protocol/webviewMessages';
import { UNKNOWN, bytes, count, milliseconds, shape } from '../logic/format';
import { type OutcomeRow, metricValue, outcomeRows } from '../logic/outcome';
import { element } from '../dom/element';
import { findingsList } from '../dom/findings';
import { icon } from '../dom/icons';
import { link } from '../dom/link';
import { metricTitle, t } from '../dom/language';

export interface HeaderState {
  readonly name: string;
  readonly model: InspectReport;
  readonly profile: ProfileReport | null;
  readonly evaluation: EvaluateReport | null;
  readonly review: ModelReview | null;
}

export function headerParts(state: HeaderState, showReview: () => void): readonly (HTMLElement | null)[] {
  const { model } = state;
  return [
    element('div', { class: 'title' }, element('h1', {}, state.name), element('span', { class: 'quiet' }, provenance(model))),
    totals(state),
    element('div', { class: 'io' }, values(t('view.inputs'), model.model.inputs), icon('arrow'), values(t('view.outputs'), model.model.outputs)),
    state.review === null ? null : comparison(state.review, showReview),
    findingsList([...model.findings, ...(state.profile?.findings ?? [])], t('view.findings')),
  ];
}

function provenance({ model }: InspectReport): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => (domain === '' || domain === 'ai.onnx' ? t('view.opset', { version }) : t('view.opsetOf', { domain, version })));
  return t('view.producer', { producer: model.producer || t('view.producerUnknown'), ir: model.irVersion, opsets: opsets.join(', ') });
}

function totals({ model, profile, evaluation, review }: HeaderState): HTMLElement {
  const { totals: sum } = model;
  const changes = new Map(review?.side === 'before' ? outcomeRows(review.report).map((row) => [row.figure, row]) : []);
  return element(
    'dl',
    { class: 'totals', 'aria-label': t('view.totals') },
    figure(t('view.fileSize'), bytes(model.model.bytes), changes.get('size')),
    figure(t('view.parameters'), count(sum.parameters), changes.get('parameters')),
    figure(t('view.macs'), count(sum.macs), changes.get('macs'), t('view.macs.about')),
    figure(t('view.peakActivations'), sum.peakActivationBytes === null ? UNKNOWN : bytes(sum.peakActivationBytes), undefined, t('view.peakActivations.about')),
    figure(t('view.layers'), String(model.layers.length), undefined, undefined, t('view.nodes', { count: sum.nodes })),
    latencyFigure(profile, changes.get('latency')),
    evaluation === null ? null : figure(metricTitle(evaluation.metric.name), metricValue(evaluation.metric.name, evaluation.metric.value), changes.get('metric')),
  );
}

function latencyFigure(profile: ProfileReport | null, change: OutcomeRow | undefined): HTMLElement {
  if (profile === null) return figure(t('view.latency'), change?.before ?? UNKNOWN, change, undefined, change === undefined ? t('view.notMeasured') : undefined);
  const { latency, runs, threads, provider } = profile;
  const about = t('view.latency.about', { runs, threads, provider: Object.keys(provider.used).join(', '), p10: milliseconds(latency.p10), p90: milliseconds(latency.p90) });
  return figure(t('view.latency'), milliseconds(latency.median), change, about);
}

function figure(name: string, value: string, change?: OutcomeRow, about?: string, below?: string): HTMLElement {
  const noted = change !== undefined && change.change !== UNKNOWN && !change.change.startsWith('±');
  return element(
    'div',
    { class: 'figure', title: about },
    element('dt', { class: 'quiet' }, name),
    element('dd', {}, element('span', { class: 'figure-value' }, value), noted ? element('span', { class: `figure-change ${change.tone}` }, change.change) : null, below === undefined ? null : element('span', { class: 'figure-below quiet' }, below)),
  );
}

function values(label: string, list: readonly ValueDescription[]): HTMLElement {
  return element(
    'ul',
    { class: 'values', 'aria-label': label },
    ...list.map((value) => element('li', {}, element('span', { class: 'mono' }, value.name), ' ', element('span', { class: 'quiet' }, `${value.type} ${shape(value.shape)}`))),
  );
}

function comparison(review: ModelReview, showReview: () => void): HTMLElement {
  const { report } = review;
  const accuracy = report.delta.metric === null ? null : `${metricTitle(report.metricName)} ${metricChangeText(report.metricName, report.delta.metric.value)}`;
  return element('p', { class: 'comparison' }, element('span', { class: 'quiet' }, t('view.beforeReport', { name: review.name.replace(/\.report\.json$/, '') })), accuracy === null ? null : element('span', {}, accuracy), link(t('view.showReview'), showReview));
}
