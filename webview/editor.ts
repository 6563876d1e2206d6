// Entry of the model editor's page: keeps what the host told, joins it into rows, and draws head, table and side pane.

import './dom/base.css';
import './table/grid.css';
import './curves/curves.css';
import './editor/editor.css';
import type { EvaluateReport, InspectReport, ProfileReport } from '../src/protocol/report';
import type { CompressChoice, EditorCalls, JobState, ModelReview, ToEditor } from '../src/protocol/webviewMessages';
import type { ErrorData } from '../src/protocol/errors';
import { JobError } from '../src/protocol/jobs';
import { button, progressRing, textField } from './controls/index';
import { element, fill } from './dom/element';
import { connect } from './dom/hostLink';
import { icon } from './dom/icons';
import { link } from './dom/link';
import { errorSentence, t } from './dom/language';
import { layerColumns } from './editor/columns';
import { type CompressForm, createCompressForm } from './editor/compressForm';
import { layerDetails } from './editor/details';
import { headerParts } from './editor/header';
import { createPane } from './editor/pane';
import { progressWords } from './editor/progress';
import { columnMilliseconds } from './logic/format';
import { type LayerRow, rowDeltasFit, layerRows, rowMaxima, rowText, rowValue } from './logic/layerRows';
import { type Sorting, filterRows, nextSorting, sortRows } from './logic/sorting';
import { createGrid } from './table/grid';

interface SavedState {
  readonly sorting: Sorting | null;
  readonly filter: string;
  readonly layer: string | null;
}

const ROW_HEIGHT = 24;

const state = {
  name: '',
  model: null as InspectReport | null,
  profile: null as ProfileReport | null,
  evaluation: null as EvaluateReport | null,
  review: null as ModelReview | null,
  job: null as JobState | null,
  trusted: true,
  rows: [] as readonly LayerRow[],
};

const host = connect<EditorCalls, ToEditor, SavedState>(told);
let sorting = host.saved().sorting ?? null;
let query = host.saved().filter ?? '';
let layer = host.saved().layer ?? null;
let form: CompressForm | null = null;

// ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────

const header = element('header', { class: 'head' });
const compressButton = button(t('view.compress'), 'primary', () => void openCompress());
const latencyButton = button(t('view.measureLatency'), 'secondary', () => host.tell('measureLatency', { dims: form?.dims() ?? {} }));
const accuracyButton = button(t('view.evaluate'), 'secondary', () => host.tell('evaluate', { dims: form?.dims() ?? {} }));
const filter = textField(t('view.filter'), query, onFilter, { placeholder: t('view.filter.placeholder'), before: icon('search') });
filter.root.classList.add('filter');
const rowCount = element('span', { class: 'quiet row-count', role: 'status' });
const jobText = element('span', { class: 'job-text' });
const jobCancel = link(t('view.cancel'), () => {
  if (state.job !== null) host.tell('cancelJob', { job: state.job.id });
});
const jobLine = element('div', { class: 'job', hidden: true }, progressRing(t('view.loading')), jobText, jobCancel);
const toolbar = element('div', { class: 'toolbar' }, compressButton.root, latencyButton.root, accuracyButton.root, jobLine, element('div', { class: 'spring' }), rowCount, filter.root);
const nothing = element('p', { class: 'nothing quiet', hidden: true }, t('view.noRows'));
const grid = createGrid<LayerRow>({
  label: t('view.layerTable', { name: '' }),
  rowHeight: ROW_HEIGHT,
  sortHint: (column) => t('view.sort.about', { column }),
  idOf: (row) => row.layer.id,
  selectionFollowsFocus: true,
  onSelect: (row) => selectLayer(row.layer.id, true),
  onSort: (column) => {
    sorting = nextSorting(sorting, column.id, column.numeric);
    host.save({ sorting });
    drawTable();
  },
});
const pane = createPane(() => selectLayer(null, true));
const main = element('main', { class: 'page', hidden: true }, header, toolbar, element('div', { class: 'split' }, element('div', { class: 'table' }, grid.root, nothing), pane.root));
const loading = element('div', { class: 'waiting', role: 'status' }, progressRing(t('view.loading')), element('span', { class: 'quiet' }, t('view.loading')));
document.body.append(loading, main);

// ── what the host tells ──────────────────────────────────────────────────────────────────────────────────────────

function told(message: ToEditor): void {
  switch (message.type) {
    case 'model':
      Object.assign(state, { name: message.name, model: message.report });
      form = null;
      loading.remove();
      document.querySelector('.unusable')?.remove();
      main.hidden = false;
      grid.label(t('view.layerTable', { name: message.name }));
      return drawAll();
    case 'unusable':
      return drawUnusable(message.name, message.error);
    case 'profile':
      state.profile = message.profile;
      latencyButton.label(t(message.profile === null ? 'view.measureLatency' : 'view.measureAgain'));
      return drawAll();
    case 'evaluation':
      state.evaluation = message.evaluation;
      return drawAll();
    case 'review':
      state.review = message.review;
      return drawAll();
    case 'job':
      state.job = message.job;
      return drawJob();
    case 'trust':
      state.trusted = message.trusted;
      form?.trusted(message.trusted);
      return drawJob();
    case 'select':
      return selectLayer(message.layer, false);
    case 'openCompress':
      return void openCompress();
  }
}

function drawUnusable(name: string, error: ErrorData): void {
  loading.remove();
  main.hidden = true;
  document.querySelector('.unusable')?.remove();
  const log = button(t('view.showLog'), 'secondary', () => host.tell('showLog', null));
  document.body.append(
    element('main', { class: 'unusable' }, icon('error'), element('div', {}, element('h1', {}, t('view.unusable')), element('p', { class: 'quiet' }, name), element('p', { class: 'reason' }, errorSentence(error)), log.root)),
  );
}

// ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────

function drawAll(): void {
  const { model } = state;
  if (model === null) return;
  state.rows = layerRows(model, state.profile, state.review);
  fill(header, ...headerParts({ ...state, model }, () => host.tell('showReview', null)));
  drawTable();
  if (layer !== null) drawDetails(layer);
}

function drawTable(): void {
  const { model, rows } = state;
  if (model === null) return;
  const shown = sortRows(filterRows(rows, query, rowText), sorting, rowValue);
  const columns = layerColumns({
    maxima: rowMaxima(rows),
    totals: { bytes: model.totals.weightBytes, parameters: model.totals.parameters, macs: model.totals.macs, latency: state.profile?.profiled.mean ?? null },
    hasProfile: state.profile !== null,
    hasReview: rowDeltasFit(rows),
  });
  grid.show(columns, shown, sorting);
  if (layer !== null) grid.select(layer);
  nothing.hidden = shown.length > 0;
  drawRowCount(shown.length);
}

/** How many rows are shown; after a profile also what belongs to no layer, so that the table adds up. */
function drawRowCount(shown: number): void {
  const { rows, profile } = state;
  const counted = shown === rows.length ? t('view.rowCount', { count: rows.length }) : t('view.rowCountFiltered', { shown, count: rows.length });
  if (profile === null) {
    fill(rowCount, counted);
    return;
  }
  const { layout, overhead, profiled } = profile;
  const digits = (value: number): string => columnMilliseconds(value, profiled.mean);
  fill(rowCount, t('view.rowCountMeasured', { rows: counted, layout: digits(layout), overhead: digits(overhead) }));
  rowCount.title = t('view.rowCountMeasured.about', { profiled: digits(profiled.mean), ratio: profiled.ratio.toFixed(2) });
}

function drawJob(): void {
  const { job, trusted } = state;
  const idle = job === null || job.kind === 'inspect';
  jobLine.hidden = idle;
  fill(jobText, idle ? '' : progressWords(job));
  latencyButton.enable(idle && trusted);
  accuracyButton.enable(idle && trusted);
  form?.running(idle ? null : job);
}

function drawDetails(id: string): void {
  const row = state.rows.find((candidate) => candidate.layer.id === id);
  if (row === undefined) pane.hide();
  else if (!pane.shows('compress')) pane.show('details', t('view.details'), [layerDetails(row, () => host.tell('showText', { layer: id }))]);
}

// ── what a person does ───────────────────────────────────────────────────────────────────────────────────────────

function selectLayer(id: string | null, byPerson: boolean): void {
  layer = id;
  host.save({ layer });
  if (!byPerson && id !== null && !state.rows.some((row) => row.layer.id === id && rowText(row).toLowerCase().includes(query.toLowerCase()))) clearFilter();
  if (byPerson) pane.hide();
  if (id !== null) drawDetails(id);
  // After the details: below the table they leave it less room, and the row should stay in view.
  grid.select(id);
  if (byPerson) host.tell('layerSelected', { layer: id });
}

function onFilter(value: string): void {
  query = value;
  host.save({ filter: value });
  drawTable();
}

function clearFilter(): void {
  filter.set('');
  onFilter('');
}

async function openCompress(): Promise<void> {
  if (state.model === null) return;
  if (form === null) {
    pane.show('compress', t('view.form.title'), [element('p', { class: 'quiet' }, t('view.form.loading'))]);
    const [passes, data] = await Promise.all([host.call('passes', null), host.call('dataChoices', null)]);
    form ??= createCompressForm({
      modelName: state.name,
      passes,
      data,
      findings: state.model.findings,
      openDims: openDims(state.model),
      onRun: (choice) => void compress(choice),
      onPickData: () => host.call('pickData', null),
      onManageTrust: () => host.tell('manageTrust', null),
    });
  }
  form.trusted(state.trusted);
  drawJob();
  pane.show('compress', t('view.form.title'), [form.root]);
  form.focus();
}

async function compress(choice: CompressChoice): Promise<void> {
  form?.failed(null);
  try {
    await host.call('compress', choice);
    pane.hide();
    if (layer !== null) drawDetails(layer);
  } catch (error) {
    if (!(error instanceof JobError && error.data.code === 'cancelled')) form?.failed(error instanceof Error ? error.message : String(error));
  }
}

/** Open dimensions beyond the first of each input, which is the batch. */
function openDims(model: InspectReport | null): readonly string[] {
  const dims = (model?.model.inputs ?? []).flatMap(({ shape }) => (shape ?? []).slice(1).filter((dim) => typeof dim === 'string'));
  return [...new Set(dims)];
}
