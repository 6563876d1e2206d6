// Rows of the layer table of a model: what `inspect` says, joined by layer id with a profile and with the newest report.

import type { ImportanceCurve, InspectReport, LayerDescription, LayerFactors, LayerReport, ProfileReport, ProfiledLayer } from '../../src/protocol/report';
import type { ModelReview } from '../../src/protocol/webviewMessages';
import { type LayerChange, deltasFit, layerChange } from '../../src/protocol/changes';
import { factorsByLayer } from './factors';
import { curvesByLayer } from './importance';
import type { SortValue } from './sorting';
import { shape } from './format';

export interface LayerRow {
  /** Place in execution order, from 0. */
  readonly index: number;
  readonly layer: LayerDescription;
  readonly shape: string;
  readonly profiled: ProfiledLayer | null;
  /** First layer of the piece this one was measured in, where onnxruntime fused several; its row holds the time. */
  readonly measuredWith: string | null;
  readonly report: LayerReport | null;
  readonly change: LayerChange | null;
  /** Importance of the units that the layer makes, in the steps that removed some. */
  readonly curves: readonly ImportanceCurve[];
  /** What the layer was split into. */
  readonly factors: readonly LayerFactors[];
}

/** Largest value of each bar column, so that bars compare layers with each other. */
export interface RowMaxima {
  readonly bytes: number;
  readonly parameters: number;
  readonly macs: number;
  readonly latency: number;
  /** Of a layer before or after, in the report. */
  readonly latencyChange: number;
}

export function layerRows(model: InspectReport, profile: ProfileReport | null, review: ModelReview | null): readonly LayerRow[] {
  const reported = new Map(review?.report.layers.map((layer) => [layer.id, layer]));
  const curves = review === null ? undefined : curvesByLayer(review.report);
  const factors = review === null ? undefined : factorsByLayer(review.report);
  const measured = new Map<string, ProfiledLayer>();
  const together = new Map<string, string>();
  for (const piece of profile?.layers ?? []) {
    const [first = piece.id, ...others] = piece.layers ?? [piece.id];
    measured.set(first, piece);
    for (const other of others) together.set(other, first);
  }
  return model.layers.map((layer, index) => {
    const report = reported.get(layer.id) ?? null;
    return {
      index,
      layer,
      shape: shape(layer.outputs[0]?.shape ?? null),
      profiled: measured.get(layer.id) ?? null,
      measuredWith: together.get(layer.id) ?? null,
      report,
      change: report === null ? null : layerChange(report),
      curves: curves?.get(layer.id) ?? [],
      factors: factors?.get(layer.id) ?? [],
    };
  });
}

export function rowDeltasFit(rows: readonly LayerRow[]): boolean {
  return deltasFit(rows.filter(({ report }) => report !== null).length, rows.length);
}

export function rowMaxima(rows: readonly LayerRow[]): RowMaxima {
  const largest = (value: (row: LayerRow) => number | null): number => rows.reduce((most, row) => Math.max(most, value(row) ?? 0), 0);
  return {
    bytes: largest((row) => row.layer.weightBytes),
    parameters: largest((row) => row.layer.parameters),
    macs: largest((row) => row.layer.macs),
    latency: largest((row) => row.profiled?.latency.mean ?? null),
    latencyChange: largest((row) => row.report?.before.latency?.mean ?? null),
  };
}

export function rowText(row: LayerRow): string {
  return [row.layer.name, row.layer.id, row.layer.op, row.shape, ...row.layer.nodes].join(' ');
}

export function rowValue(row: LayerRow, column: string): SortValue {
  switch (column) {
    case 'name':
      return row.layer.name;
    case 'op':
      return row.layer.op;
    case 'shape':
      return row.layer.activationBytes;
    case 'bytes':
      return row.layer.weightBytes;
    case 'parameters':
      return row.layer.parameters;
    case 'macs':
      return row.layer.macs;
    case 'latency':
      return row.profiled?.latency.mean ?? null;
    case 'bytesChange':
      return row.change?.bytes ?? null;
    case 'latencyChange':
      return row.change?.latency?.difference ?? null;
    case 'sqnr':
      return row.report?.outputError?.sqnrDb ?? null;
    case 'form':
      return row.report?.after.form.text ?? null;
    default:
      return null;
  }
}
