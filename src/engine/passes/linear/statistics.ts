// Sums over calibration samples what statisticsGraph.ts makes of the inputs of layers.

import { evenIndices } from '../../data/sampling';
import type { Split } from '../../data/dataset';
import { EngineError } from '../../error';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { fixedBatch } from '../quantize/calibrate';
import { labelOf } from './findWeights';
import { columnsOf } from './layout';
import { allFinite, finiteDiagonals, type Sums, sumOverSamples } from './sums';
import { type StatisticKind, statisticsGraph, type Wanted } from './statisticsGraph';

export interface Gathering {
  readonly model: Model;
  readonly wanted: readonly Wanted[];
  readonly kind: StatisticKind;
  readonly split: Split;
  readonly samples: number;
  /** Share of the gathering done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * Sums over all samples and places, for each wanted weight in its order; shapes as in statisticsGraph.ts. Where the model fixes
 * the batch, whole batches only, at least one.
 *
 * @throws EngineError `tooFewSamples` when the split fills no batch, `nonFiniteActivation` when no sample gave finite numbers
 */
export async function gatherStatistics({ model, wanted, kind, split, samples, onProgress }: Gathering, context: PassContext): Promise<Sums> {
  const fixed = fixedBatch(model, context.dims);
  const batch = fixed ?? 1;
  const spread = evenIndices(split.size, Math.max(samples, batch));
  if (spread.length < batch) throw new EngineError('tooFewSamples', { samples: split.size, split: split.name, batch });
  const indices = spread.slice(0, spread.length - (spread.length % batch));
  const { model: graph, outputs } = await statisticsGraph(model, wanted, kind);
  const width = ({ weight, parts }: Wanted): number => columnsOf(weight.layout) / parts;
  const found = await sumOverSamples({
    graph: {
      model: graph,
      sums: wanted.map((one, position) => ({
        name: outputs[position]?.sums ?? '', length: lengthOf(one, kind),
        isFinite: (sums) => (kind === 'norms' ? allFinite(sums) : finiteDiagonals(sums, width(one))),
      })),
      sizes: outputs.flatMap(({ sizes }) => sizes),
    },
    indices, inputs: async (chosen) => (await split.gather(chosen)).inputs, fixedBatch: fixed, onProgress,
  }, context);
  const [first] = wanted;
  if (found.skipped >= indices.length && first !== undefined) {
    throw new EngineError('nonFiniteActivation', { tensor: first.weight.nodes[0].inputs[0] ?? '', layer: labelOf(first.weight) });
  }
  return found;
}

/** Numbers in the sums of one weight. */
export function lengthOf({ weight, parts }: Wanted, kind: StatisticKind): number {
  const columns = weight.layout.groups * columnsOf(weight.layout);
  return kind === 'norms' ? columns : columns * (columnsOf(weight.layout) / parts);
}
