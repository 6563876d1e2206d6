// The totals of a report in the side bar: before, after, change, with verdict and interval below where one is known.

import type { CompareReport } from '../../src/protocol/report';
import { element } from '../dom/element';
import { metricTitle, t } from '../dom/language';
import { type OutcomeRow, outcomeRows } from '../logic/outcome';

export function totalsTable(report: CompareReport): HTMLElement {
  const columns = [t('view.review.before'), t('view.review.after'), t('view.review.change')];
  return element(
    'table',
    { class: 'totals' },
    element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, element('span', { class: 'seen-only-by-readers' }, t('view.review.what'))), ...columns.map((name) => element('th', { scope: 'col' }, name)))),
    ...outcomeRows(report).map((row) => totalsRow(row, report)),
  );
}

function totalsRow(row: OutcomeRow, report: CompareReport): HTMLElement {
  const note = noteOf(row);
  return element(
    'tbody',
    {},
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, figureName(row, report)),
      element('td', {}, row.before),
      element('td', {}, row.after),
      element('td', { class: `change ${row.tone}` }, row.change),
    ),
    note === null ? null : element('tr', { class: 'note' }, element('td', { colspan: 4 }, note)),
  );
}

function figureName({ figure }: OutcomeRow, report: CompareReport): string {
  if (figure === 'metric') return metricTitle(report.metricName);
  return figure === 'size' ? t('view.fileSize') : t(`view.${figure}`);
}

function noteOf(row: OutcomeRow): string | null {
  if (row.verdict === undefined || row.interval === undefined) return null;
  const { low, high, ratio } = row.interval;
  const verdict = row.figure === 'latency' ? latencyVerdict(row.verdict) : t(`view.verdict.${row.verdict}`);
  const interval = ratio === undefined ? t('view.review.interval', { low, high }) : t('view.review.latencyInterval', { ratio, low, high });
  return `${verdict} · ${interval}`;
}

function latencyVerdict(verdict: NonNullable<OutcomeRow['verdict']>): string {
  switch (verdict) {
    case 'better':
      return t('view.verdict.faster');
    case 'worse':
      return t('view.verdict.slower');
    case 'same':
    case 'undecided':
      return t(`view.verdict.${verdict}`);
  }
}
