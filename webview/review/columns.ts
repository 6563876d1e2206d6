// The columns of the review's layer table; narrow, so that the form of a layer stands below its name.

import type { LayerReport } from '../../src/protocol/report';
import { latencyChangeCell, sizeChangeCell, sqnrCell } from '../editor/columns';
import { layerChange } from '../logic/changes';
import { shortLayerName } from '../logic/format';
import type { SortValue } from '../logic/sorting';
import { phrase, t } from '../dom/language';
import type { Column } from '../table/grid';

/** `largest`: the slowest layer before, ms; it sets the decimals. */
export function reviewColumns(largest: number): readonly Column<LayerReport>[] {
  return [
    { id: 'name', title: t('view.column.layer'), numeric: false, width: 90, grow: 5, keepEnd: true, cell: (layer) => ({ text: shortLayerName(layer.id), below: formWords(layer), title: `${layer.id}\n${formWords(layer)}` }) },
    { id: 'bytesChange', title: t('view.size'), numeric: true, width: 60, grow: 0, cell: (layer) => sizeChangeCell(layerChange(layer).bytes) },
    { id: 'latencyChange', title: t('view.column.latencyShort'), about: t('view.column.latencyDelta'), numeric: true, width: 58, grow: 0, cell: (layer) => latencyChangeCell(layerChange(layer), largest) },
    { id: 'sqnr', title: t('view.column.sqnrShort'), about: t('view.column.sqnr.about'), numeric: true, width: 46, grow: 0, cell: (layer) => sqnrCell(layer.outputError?.sqnrDb ?? null) },
  ];
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
