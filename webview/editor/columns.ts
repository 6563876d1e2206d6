// The columns of the layer table: always those of the model, those of a report where one is known.

import type { LayerChange } from '../../src/protocol/changes';
import type { LayerRow, RowMaxima } from '../logic/layerRows';
import { UNKNOWN, bytes, columnMilliseconds, count, decibels, signedColumnMilliseconds, signedPercent } from '../logic/format';
import { shareOf } from '../logic/outcome';
import { phrase, t } from '../dom/language';
import type { Cell, Column } from '../table/grid';

export interface ColumnContext {
  readonly maxima: RowMaxima;
  readonly totals: { readonly bytes: number; readonly parameters: number; readonly macs: number | null; readonly latency: number | null };
  readonly hasProfile: boolean;
  readonly hasReview: boolean;
}

export function layerColumns(context: ColumnContext): readonly Column<LayerRow>[] {
  return [...modelColumns(context), ...(context.hasReview ? reviewColumns(context.maxima.latencyChange) : [])];
}

function modelColumns({ maxima, totals, hasProfile }: ColumnContext): readonly Column<LayerRow>[] {
  return [
    { id: 'name', title: t('view.column.layer'), numeric: false, width: 150, grow: 4, keepEnd: true, cell: nameCell },
    { id: 'op', title: t('view.column.op'), numeric: false, width: 84, grow: 1, cell: ({ layer }) => ({ text: layer.op, tone: 'quiet' }) },
    { id: 'shape', title: t('view.column.shape'), numeric: true, width: 116, grow: 1, cell: ({ shape }) => ({ text: shape, tone: 'quiet' }) },
    { id: 'bytes', title: t('view.column.size'), numeric: true, width: 78, grow: 1, cell: ({ layer }) => amount(layer.weightBytes, bytes, maxima.bytes, totals.bytes) },
    { id: 'parameters', title: t('view.parameters'), numeric: true, width: 90, grow: 1, cell: ({ layer }) => amount(layer.parameters, count, maxima.parameters, totals.parameters) },
    { id: 'macs', title: t('view.macs'), about: t('view.macs.about'), numeric: true, width: 76, grow: 1, cell: ({ layer }) => amount(layer.macs, count, maxima.macs, totals.macs) },
    ...(hasProfile ? [latencyColumn(maxima, totals.latency)] : []),
  ];
}

function latencyColumn(maxima: RowMaxima, total: number | null): Column<LayerRow> {
  return {
    id: 'latency',
    title: t('view.column.latency'),
    numeric: true,
    width: 104,
    grow: 1,
    cell: ({ profiled, measuredWith }) =>
      profiled === null
        ? { text: measuredWith === null ? UNKNOWN : '″', tone: 'quiet', ...(measuredWith === null ? {} : { title: t('view.measuredWith', { layer: measuredWith }) }) }
        : amount(profiled.latency.mean, (value) => columnMilliseconds(value, maxima.latency), maxima.latency, total),
  };
}

function reviewColumns(largest: number): readonly Column<LayerRow>[] {
  return [
    { id: 'bytesChange', title: t('view.column.sizeDelta'), numeric: true, width: 86, grow: 1, group: true, cell: ({ change }) => sizeChangeCell(change?.bytes ?? null) },
    { id: 'latencyChange', title: t('view.column.latencyDelta'), numeric: true, width: 106, grow: 1, cell: ({ change }) => latencyChangeCell(change, largest) },
    { id: 'sqnr', title: t('view.column.sqnr'), about: t('view.column.sqnr.about'), numeric: true, width: 82, grow: 1, cell: ({ report }) => sqnrCell(report?.outputError?.sqnrDb ?? null) },
    { id: 'form', title: t('view.column.form'), numeric: false, width: 150, grow: 2, cell: ({ report }) => (report === null ? unknown : { text: phrase(report.after.form) }) },
  ];
}

const unknown: Cell = { text: UNKNOWN, tone: 'quiet' };

function nameCell({ layer }: LayerRow): Cell {
  return { text: layer.name, title: layer.name === layer.id ? layer.name : `${layer.name}\n${layer.id}` };
}

function amount(value: number | null, format: (value: number) => string, largest: number, total: number | null): Cell {
  if (value === null || value === 0) return unknown;
  return {
    text: format(value),
    bar: largest === 0 ? 0 : value / largest,
    ...(total === null || total === 0 ? {} : { title: t('view.sharePercent', { share: shareOf(value, total) }) }),
  };
}

export function sizeChangeCell(share: number | null): Cell {
  if (share === null) return unknown;
  const text = signedPercent(share);
  return text.startsWith('±') ? { text, tone: 'quiet' } : { text, tone: share < 0 ? 'good' : 'bad' };
}

export function latencyChangeCell(change: LayerChange | null, largest: number): Cell {
  const latency = change?.latency ?? null;
  if (latency === null) return unknown;
  const tone = latency.gain === 'faster' ? 'good' : latency.gain === 'slower' ? 'bad' : 'quiet';
  return { text: signedColumnMilliseconds(latency.difference, largest), tone, title: `${t(`view.gain.${latency.gain}`)} (${signedPercent(latency.share)})` };
}

export function sqnrCell(db: number | null): Cell {
  return db === null ? unknown : { text: decibels(db) };
}
