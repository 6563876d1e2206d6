// The columns of the review's layer table; narrow, so that the form of a layer stands below its name.

import type { LayerReport } from '../../src/protocol/report';
import { latencyChangeCell, sizeChangeCell, sqnrCell } from '../editor/columns';
import { layerChange } from '../logic/changes';
import type { SortValue } from '../logic/sorting';
import { phrase, t } from '../dom/language';
import type { Column } from '../table/grid';

export function reviewColumns(): readonly Column<LayerReport>[] {
  return [
    { id: 'name', title: t('view.column.layer'), numeric: false, width: 96, grow: 3, cell: (layer) => ({ text: layer.id, below: formWords(layer), title: `${layer.id}\n${layer.op}` }) },
    { id: 'bytesChange', title: t('view.size'), numeric: true, width: 60, grow: 1, cell: (layer) => sizeChangeCell(layerChange(layer).bytes) },
    { id: 'latencyChange', title: t('view.latency'), numeric: true, width: 92, grow: 1, cell: (layer) => latencyChangeCell({ change: layerChange(layer) }) },
    { id: 'sqnr', title: t('view.column.sqnr'), about: t('view.column.sqnr.about'), numeric: true, width: 66, grow: 1, cell: (layer) => sqnrCell(layer.outputError?.sqnrDb ?? null) },
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
  return `${op} · ${phrase(after.form)}`;
}
