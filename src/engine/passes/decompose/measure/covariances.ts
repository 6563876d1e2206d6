// What layers read on samples, as sums of products of the columns their kernels multiply: what factors are weighed by. Stage by
// stage, so that memory stays that of a few layers; a layer whose columns are too many gets the sums of squares alone.

import type { Split } from '../../../data/dataset';
import { elementCount, type Model } from '../../../ir/model';
import type { Matrix } from '../../../linalg/matrix';
import { columnsOf, MOST_COLUMNS, STAGE_BYTES } from '../../linear/layout';
import { gatherStatistics, lengthOf } from '../../linear/statistics';
import type { StatisticKind, Wanted } from '../../linear/statisticsGraph';
import type { PassContext } from '../../pass';
import type { KernelShape } from '../methods/method';
import type { DecomposableLayer } from '../surgery/layers';

/** A layer with what it reads: a matrix for each group (square, or one column for a diagonal); undefined where nobody looked. */
export interface SeenLayer {
  readonly layer: DecomposableLayer;
  /** Inputs, then taps (taps fastest), as in the rows of kernels. */
  readonly covariances: readonly Matrix[] | undefined;
}

export interface Looking {
  readonly model: Model;
  readonly layers: readonly DecomposableLayer[];
  /** Absent: nobody looks. */
  readonly split: Split | undefined;
  readonly samples: number;
  /** Bytes of the sums of a stage. */
  readonly stageBytes?: number;
}

/** What is said to be done meanwhile, with the share of the layers that were looked at. */
const LOOKING = 'progress.calibrating';
/** Of looking in the time of looking and of what is then done with the layers; rough. */
const LOOKING_SHARE = 0.3;

/** The context for looking at layers and working on them, which take turns: what each says of itself becomes progress of both. */
export function takingTurns(context: PassContext): PassContext {
  let [looked, worked] = [0, 0];
  return {
    ...context,
    progress(progress) {
      if (progress.activity === LOOKING) looked = progress.fraction ?? looked;
      else worked = progress.fraction ?? worked;
      context.progress({ ...progress, fraction: LOOKING_SHARE * looked + (1 - LOOKING_SHARE) * worked });
    },
  };
}

/**
 * The layers in their order. Embeddings, which look rows up, are not looked at.
 *
 * @throws EngineError `nonFiniteActivation` when no sample gave finite numbers
 */
export async function* seenLayers({ model, layers, split, samples, stageBytes = STAGE_BYTES }: Looking, context: PassContext): AsyncGenerator<SeenLayer> {
  let before = 0;
  for (const { stage, kind } of stagesOf(layers, stageBytes)) {
    const done = before;
    before += stage.length;
    if (split === undefined) {
      for (const layer of stage) yield { layer, covariances: undefined };
      continue;
    }
    const onProgress = (fraction: number): void => context.progress({ activity: LOOKING, fraction: (done + fraction * stage.length) / layers.length });
    if (kind === undefined) {
      onProgress(1);
      for (const layer of stage) yield { layer, covariances: undefined };
      continue;
    }
    const wanted = stage.map(wantedOf);
    const { sums } = await gatherStatistics({ model, wanted, kind, split, samples, onProgress }, context);
    for (const [position, layer] of stage.entries()) yield { layer, covariances: covariancesOf(layer, kind, sums[position] ?? new Float64Array(0)) };
  }
}

interface Stage {
  readonly stage: DecomposableLayer[];
  readonly kind: StatisticKind | undefined;
}

function stagesOf(layers: readonly DecomposableLayer[], most: number): readonly Stage[] {
  const stages: Stage[] = [];
  let bytes = 0;
  for (const layer of layers) {
    const kind = kindOf(layer);
    const own = kind === undefined ? 0 : lengthOf(wantedOf(layer), kind) * Float64Array.BYTES_PER_ELEMENT;
    const last = stages.at(-1);
    if (last !== undefined && last.kind === kind && bytes + own <= most) {
      last.stage.push(layer);
      bytes += own;
    } else {
      stages.push({ stage: [layer], kind });
      bytes = own;
    }
  }
  return stages;
}

function kindOf({ kind, weight: { layout } }: DecomposableLayer): StatisticKind | undefined {
  if (kind === 'embedding') return undefined;
  return columnsOf(layout) > MOST_COLUMNS ? 'norms' : 'gram';
}

function wantedOf({ weight }: DecomposableLayer): Wanted {
  return { weight, parts: 1 };
}

function covariancesOf({ groups, shape }: DecomposableLayer, kind: StatisticKind, sums: Float64Array): readonly Matrix[] {
  const order = columnOrder(shape);
  const size = order.length;
  const length = kind === 'norms' ? size : size * size;
  return Array.from({ length: groups }, (_, group) => {
    const own = sums.subarray(group * length, (group + 1) * length);
    if (kind === 'norms') return { rows: size, columns: 1, data: Float64Array.from(order, (column) => own[column] as number) };
    const data = new Float64Array(size * size);
    for (let row = 0; row < size; row += 1) {
      const from = (order[row] as number) * size;
      for (let column = 0; column < size; column += 1) data[row * size + column] = own[from + (order[column] as number)] as number;
    }
    return { rows: size, columns: size, data };
  });
}

/** Where the sums have each column of a kernel: they have taps, then inputs. */
function columnOrder({ inputs, kernel }: KernelShape): Int32Array {
  const taps = elementCount(kernel);
  return Int32Array.from({ length: inputs * taps }, (_, column) => (column % taps) * inputs + Math.floor(column / taps));
}
