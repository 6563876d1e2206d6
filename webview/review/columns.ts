// The columns of the review's layer table. It is narrow: a name takes its row's first line, below it stand form and changes,
// and below each change what it was before and after (review.css lays it out).

import type { LayerReport } from '../../src/protocol/report';
import { latencyChangeCell, sizeChangeCell, sqnrCell } from '../editor/columns';
import { layerChange } from '../../src/protocol/changes';
import { bytesFromTo, columnMilliseconds, fromTo, shortLayerName } from '../logic/format';
import type { SortValue } from '../logic/sorting';
import { phrase, t } from '../dom/language';
import type { Cell, Column } from '../table/grid';

/** `largest`: the slowest layer before, ms; it sets the decimals. */
export function reviewColumns(largest: number): readonly Column<LayerReport>[] {
  return [
    { id: 'name', title: t('view.column.layer'), numeric: false, width: 70, grow: 5, keepEnd: true, cell: (layer) => ({ text: shortLayerName(layer.id), below: phrase(layer.after.form), title: `${layer.id}\n${formWords(layer)}` }) },
    { id: 'bytesChange', title: t('view.size'), numeric: true, width: 100, grow: 0, cell: sizeCell },
    { id: 'latencyChange', title: t('view.column.latencyShort'), about: t('view.column.latencyDelta'), numeric: true, width: 84, grow: 0, cell: (layer) => latencyCell(layer, largest) },
    { id: 'sqnr', title: t('view.column.sqnrShort'), about: t('view.column.sqnr.about'), numeric: true, width: 46, grow: 0, cell: (layer) => sqnrCell(layer.outputError?.sqnrDb ?? null) },
  ];
}

function sizeCell(layer: LayerReport): Cell {
  const cell = sizeChangeCell(layerChange(layer).bytes);
  const { before, after } = layer;
  return before.weightBytes === 0 && after.weightBytes === 0 ? cell : { ...cell, below: bytesFromTo(before.weightBytes, after.weightBytes) };
}

function latencyCell(layer: LayerReport, largest: number): Cell {
  const cell = latencyChangeCell(layerChange(layer), largest);
  const { before, after } = layer;
  if (before.latency === null && after.latency === null) return cell;
  const words = (latency: LayerReport['before']['latency']): string | null => (latency === null ? null : columnMilliseconds(latency.mean, largest));
  return { ...cell, below: fromTo(words(before.latency), words(after.latency)) };
}

export function reviewValue(layer: LayerReport, column: string): SortValue {
  switch (column) {
    case 'name':
      return layer.id;
    case 'bytesChange':
      return layerChange(layer).bytes;
    case 'latencyChange':
      return layerChange(layer).latency?.difference ?? null;
    case 'sqnr':
      return layer.outputError?.sqnrDb ?? null;
    default:
      return null;
  }
}

function formWords({ op, after }: LayerReport): string {
  return `${op}, ${phrase(after.form)}`;
}
