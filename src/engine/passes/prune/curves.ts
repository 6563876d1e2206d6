// Importance curves: how much the units of each group mattered when they were ranked, and how many stayed.

import type { ImportanceCurve } from '../../../protocol/report';
import type { Origins } from '../pass';
import type { CriterionName } from './criteria/names';
import { layersFrom } from './outcome';
import type { Ranking } from './selection/order';
import type { ChosenUnits } from './surgery/index';

/** Points of a curve: more than a view has pixels for would only make reports longer. */
const CURVE_POINTS = 64;

/** By group; of one round. */
export function curvesOf(rankings: readonly Ranking[], chosen: ChosenUnits, criterion: CriterionName, origins: Origins): ReadonlyMap<string, ImportanceCurve> {
  return new Map(rankings.map(({ group: { id, kind, size, layers }, importance }) => {
    const sorted = importance.slice().sort();
    const mean = sorted.reduce((sum, value) => sum + value, 0) / size;
    const points = Math.min(CURVE_POINTS, size);
    const at = (point: number): number => (points === 1 ? 0 : Math.round((point * (size - 1)) / (points - 1)));
    const makers = [...new Set(layers.filter(({ role }) => role === 'produces').flatMap((layer) => layersFrom(layer.id, origins)))];
    return [id, {
      layer: makers[0] ?? id, ...(makers.length > 1 && { layers: makers }), kind, criterion, total: size, kept: size - [...(chosen.get(id) ?? [])].length,
      values: Array.from({ length: points }, (_, point) => (sorted[at(point)] ?? 0) / (mean > 0 ? mean : 1)),
    }];
  }));
}
