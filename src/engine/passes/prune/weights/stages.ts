// In which order weights are pruned: stage by stage along the graph, each looking at what enters its layers when the stages
// before it are pruned already, as the papers do layer by layer. Few stages, since each runs the model's beginning again.

import type { PrunableWeight } from './findWeights';
import { columnsOf } from './layout';
import type { Zeros } from './options';
import { lengthOf } from './statistics';
import type { StatisticKind, Wanted } from './statisticsGraph';

/** Layers of a stage see the original activations within it: a model of up to so many layers is pruned one by one. */
const MOST_STAGES = 8;
/** Sums that are held at a time (float64). */
const STAGE_BYTES = 256 * 2 ** 20;
/** Columns that are looked at together: 4096 take 134 MB a matrix, and about 5 s (2048: 0.8 s on 2 cores). Above, parts are apart. */
const MOST_COLUMNS = 4096;

export function stagesOf(weights: readonly PrunableWeight[], kind: StatisticKind, zeros: Zeros): Wanted[][] {
  const most = Math.ceil(weights.length / MOST_STAGES);
  const stages: Wanted[][] = [];
  let bytes = 0;
  for (const weight of weights) {
    const wanted: Wanted = { weight, parts: kind === 'gram' ? partsOf(columnsOf(weight.layout), zeros) : 1 };
    const own = lengthOf(wanted, kind) * Float64Array.BYTES_PER_ELEMENT;
    const stage = stages.at(-1);
    if (stage === undefined || stage.length >= most || bytes + own > STAGE_BYTES) {
      stages.push([wanted]);
      bytes = own;
    } else {
      stage.push(wanted);
      bytes += own;
    }
  }
  return stages;
}

/** Fewest equal parts that are small enough and hold whole groups of a pattern. */
export function partsOf(columns: number, zeros: Zeros, most = MOST_COLUMNS): number {
  const group = zeros.kind === 'pattern' ? zeros.group : 1;
  for (let parts = Math.ceil(columns / most); parts < columns / group; parts += 1) if (columns % (parts * group) === 0) return parts;
  return columns / group;
}
