// Entry of the review's page in the side bar: which report, its totals, and its layers, those that gained and those that did not.

import './dom/base.css';
import './table/grid.css';
import './curves/curves.css';
import './review/review.css';
import type { CompareReport, LayerReport } from '../src/protocol/report';
import type { ReportEntry, ReviewCalls, ToReview } from '../src/protocol/webviewMessages';
import { button, dropdown } from './controls/index';
import { element, fill } from './dom/element';
import { findingsList } from './dom/findings';
import { icon } from './dom/icons';
import { link } from './dom/link';
import { connect } from './dom/hostLink';
import { phrase, t } from './dom/language';
import { type Gain, gainCounts, gainOf } from '../src/protocol/changes';
import { factoredSteps } from './logic/factors';
import { prunedSteps, stepsOf } from './logic/importance';
import { type Sorting, nextSorting, sortRows } from './logic/sorting';
import { reviewColumns, reviewValue } from './review/columns';
import { factorsSection } from './review/factors';
import { importanceSection } from './review/importance';
import { totalsTable } from './review/totals';
import { trainingSections } from './review/training';
import { createGrid } from './table/grid';

interface SavedState {
  readonly sorting: Sorting | null;
  readonly gain: Gain | null;
}

/** Three lines a row. */
const ROW_HEIGHT = 56;
const gains = ['faster', 'slower', 'unclear', 'unmeasured'] as const;

const host = connect<ReviewCalls, ToReview, SavedState>(told);
let sorting = host.saved().sorting ?? null;
let gain = host.saved().gain ?? null;
let report: CompareReport | null = null;

const chooser = dropdown(t('view.review.report'), [], '', (id) => host.tell('chooseReport', { id }));
const openBefore = link(t('view.review.openBefore'), () => host.tell('openModel', { which: 'before' }));
const openAfter = link(t('view.review.openAfter'), () => host.tell('openModel', { which: 'after' }));
const summary = element('div', { class: 'summary' });
const chips = element('div', { class: 'chips', role: 'group', 'aria-label': t('view.review.show') });
const grid = createGrid<LayerReport>({
  label: t('view.review.layers'),
  rowHeight: ROW_HEIGHT,
  sortHint: (column) => t('view.sort.about', { column }),
  idOf: (layer) => layer.id,
  selectionFollowsFocus: false,
  onSelect: (layer) => host.tell('selectLayer', { layer: layer.id }),
  onSort: (column) => {
    sorting = nextSorting(sorting, column.id, column.numeric);
    host.save({ sorting });
    drawLayers();
  },
});
const empty = element(
  'div',
  { class: 'empty', hidden: true },
  element('p', {}, t('view.review.empty')),
  button(t('view.review.compress'), 'primary', () => host.tell('compress', null)).root,
);
const main = element('main', { class: 'review', hidden: true }, element('h1', { class: 'seen-only-by-readers' }, t('view.review.title')), element('div', { class: 'top' }, chooser.root, summary, element('div', { class: 'open' }, openBefore, openAfter), chips), element('div', { class: 'table' }, grid.root));
document.body.append(empty, main);

function told(message: ToReview): void {
  switch (message.type) {
    case 'reports':
      empty.hidden = message.reports.length > 0;
      main.hidden = message.reports.length === 0;
      return chooser.choices(message.reports.map(reportChoice), message.chosen ?? '');
    case 'report':
      report = message.report;
      return drawReport();
    case 'select':
      return grid.select(message.layer);
  }
}

function reportChoice({ id, name, folder, time }: ReportEntry): { value: string; label: string } {
  const when = new Date(time).toLocaleString(document.documentElement.lang, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  const short = name.replace(/\.report\.json$/, '');
  return { value: id, label: `${folder === '' ? short : `${folder}/${short}`} · ${when}` };
}

function drawReport(): void {
  if (report === null) return;
  const showLayer = (layer: string): void => host.tell('selectLayer', { layer });
  fill(
    summary,
    totalsTable(report),
    ...prunedSteps(report).map((step) => importanceSection(step, showLayer)),
    ...factoredSteps(report).map((step) => factorsSection(step, showLayer)),
    ...trainingSections(stepsOf(report)),
    foldedFindings(report.warnings),
    element('p', { class: 'environment quiet' }, conditions(report)),
  );
  const compressed = 'output' in report;
  fill(openBefore, t(compressed ? 'view.review.openOriginal' : 'view.review.openBefore'));
  fill(openAfter, t(compressed ? 'view.review.openCompressed' : 'view.review.openAfter'));
  drawChips(report);
  drawLayers();
}

/** Under which conditions the numbers hold. */
function conditions({ samples, environment: { provider, threads, cpu } }: CompareReport): string {
  const machine = t('view.review.environment', { provider, threads, cpu });
  return samples === null ? machine : `${t('view.review.samples', { samples: samples.toLocaleString('en') })} · ${machine}`;
}

/** Warnings fold into one line, so that the layers stay in sight: one into its own beginning, several into their number. */
function foldedFindings(warnings: CompareReport['warnings']): HTMLElement | null {
  const [only, another] = warnings;
  if (only === undefined) return null;
  if (another === undefined) {
    const severity = element('span', { class: 'seen-only-by-readers' }, t(`view.severity.${only.severity}`));
    return folded(only.severity, [severity, element('span', { class: 'first-line' }, phrase(only))]);
  }
  const worst = warnings.some(({ severity }) => severity !== 'info') ? 'warning' : 'info';
  return folded(worst, [element('span', {}, t('view.review.warningCount', { count: warnings.length }))], findingsList(warnings, t('view.review.warnings')));
}

function folded(severity: 'info' | 'warning' | 'error', summary: readonly HTMLElement[], content: HTMLElement | null = null): HTMLElement {
  return element('details', { class: 'warnings' }, element('summary', {}, icon(severity), ...summary, icon('turn')), content);
}

/** Which layers are shown: all, or those that got faster, slower, neither. Pressing the pressed one shows all again. */
function drawChips(of: CompareReport): void {
  const counts = gainCounts(of);
  if (gain !== null && counts[gain] === 0) gain = null;
  const chip = (which: Gain | null, count: number): HTMLElement => {
    const made = element('button', { type: 'button', class: `chip chip-${which ?? 'all'}`, 'aria-pressed': String(gain === which) }, t(`view.gain.${which ?? 'all'}`), ' ', element('span', { class: 'count' }, String(count)));
    made.addEventListener('click', () => {
      gain = gain === which ? null : which;
      host.save({ gain });
      drawChips(of);
      drawLayers();
      [...chips.querySelectorAll<HTMLElement>('.chip')].find((button) => button.classList.contains(`chip-${which ?? 'all'}`))?.focus();
    });
    return made;
  };
  fill(chips, chip(null, of.layers.length), ...gains.filter((which) => counts[which] > 0).map((which) => chip(which, counts[which])));
}

function drawLayers(): void {
  if (report === null) return;
  const shown = gain === null ? report.layers : report.layers.filter((layer) => gainOf(layer) === gain);
  const largest = Math.max(0, ...report.layers.map(({ before }) => before.latency?.mean ?? 0));
  const columns = reviewColumns(largest);
  grid.root.style.setProperty('--figures', `${columns.reduce((sum, { width, grow }) => sum + (grow === 0 ? width : 0), 0)}px`);
  grid.show(columns, sortRows(shown, sorting, reviewValue), sorting);
}
