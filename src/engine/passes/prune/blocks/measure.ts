// What leaving out blocks does to the answers: one session of the graph with switches, all choices on the same samples,
// batch by batch, against the model as it was given. BatchNormalization works by the statistics of each batch there, since
// those in the file belong to the whole model and are measured anew after removal.

import { runBatches } from '../../../data/batches';
import type { Batch, Split } from '../../../data/dataset';
import { evenIndices, randomIndices } from '../../../data/sampling';
import type { Block } from '../../../analysis/blocks/index';
import { EngineError } from '../../../error';
import { makeNode } from '../../../ir/build';
import { cloneModel } from '../../../ir/clone';
import { isOp, type Model } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import type { NdArray, Session } from '../../../ports';
import { seededRandom } from '../../../random';
import { prepareTraining } from '../../../train/prepare';
import { subset } from '../../../train/samples';
import type { TrainableModel } from '../../../train/trainable';
import type { PassContext } from '../../pass';
import { fixedBatch } from '../../quantize/calibrate';
import { type AnswerOutput, answerOutputs, type Distance, Distances } from '../../answers';
import { type SkipGraph, skipGraphOf } from './skipGraph';

export interface EffectMeter {
  /** How many samples are looked at: as asked, as far as there are so many and they fill whole batches. */
  readonly samples: number;
  /**
   * How far the answers are from the model's own with each of the choices left out, in their order.
   *
   * @throws EngineError `answersNotFinite` where all of them, and so those of the model itself, hold NaN or infinite values.
   */
  distances(choices: readonly ReadonlySet<Block>[], progress: (fraction: number) => void): Promise<readonly Distance[]>;
  release(): Promise<void>;
}

export interface MeterTask {
  readonly model: Model;
  readonly blocks: readonly Block[];
  readonly split: Split;
  readonly samples: number;
}

export async function effectMeter(task: MeterTask, context: PassContext): Promise<EffectMeter> {
  const { model, split } = task;
  const graphs = await comparedGraphs(task, context);
  const { reference, skipping, batch: fixed } = graphs;
  const shapes = await inferShapes(model);
  const open = (graph: Model): Promise<Session> => context.runtime.createSession(graph, { provider: 'cpu', threads: context.threads, dims: context.dims });
  const session = await open(skipping);
  const whole = reference === undefined ? withInputs(session, graphs.switches(new Set())) : await open(reference).catch(async (error: unknown) => {
    await session.release();
    throw error;
  });
  const looked = subset(split, split.name, sampleOrder(task, reference === undefined ? 1 : fixed));
  let known: readonly AnswerOutput[] | undefined;
  const outputsOf = (found: Readonly<Record<string, NdArray>>, batch: Batch): readonly AnswerOutput[] => {
    known ??= answerOutputs(model.graph, shapes, found, batch);
    if (known.length === 0) throw new EngineError('noFloatOutput', { outputs: model.graph.outputs.map(({ name }) => name).join(', ') });
    return known;
  };
  return {
    samples: looked.size,
    async distances(choices, progress) {
      const sums = choices.map(() => new Distances());
      const views = [whole, ...choices.map((skipped) => withInputs(session, graphs.switches(skipped)))];
      const options = { progress, ...(fixed > 0 && { fixedBatch: fixed }), ...(context.signal && { signal: context.signal }) };
      for await (const { batch, outputs: [before, ...after] } of runBatches(views, looked, options)) {
        if (before === undefined) throw new Error('the model itself was not run');
        const answers = outputsOf(before, batch);
        sums.forEach((sum, index) => sum.add(answers, before, after[index] ?? {}, batch));
      }
      const found = sums.map((sum) => sum.value());
      if (found.length > 0 && found.every(({ divergence }) => divergence === Infinity)) throw new EngineError('answersNotFinite', { split: split.name });
      return found;
    },
    async release() {
      await session.release();
      if (reference !== undefined) await whole.release();
    },
  };
}

/**
 * Evenly spread samples in random order: data are often sorted by class, and the statistics of a batch should be those of
 * all. Only whole batches: the last one would be filled up with copies.
 */
function sampleOrder({ split, samples }: MeterTask, batch: number): readonly number[] {
  const indices = evenIndices(split.size, samples);
  const order = randomIndices(indices.length, indices.length, seededRandom(ORDER_SEED));
  return order.map((place) => indices[place] as number).slice(0, Math.max(1, Math.floor(indices.length / batch)) * batch);
}

const ORDER_SEED = 0;

interface ComparedGraphs extends SkipGraph {
  /** The model as it was given; undefined where the other graph is that with no block left out. */
  readonly reference: Model | undefined;
  readonly skipping: Model;
  /** Samples in every run; 0 where any number will do. */
  readonly batch: number;
}

/** Samples whose statistics are taken together, as where they are measured anew (recovery/statistics.ts). */
const BATCH = 64;

async function comparedGraphs({ model, blocks, split }: MeterTask, { dims }: PassContext): Promise<ComparedGraphs> {
  const graph = await skipGraphOf(model, blocks);
  if (!model.graph.nodes.some((node) => isOp(node, 'BatchNormalization'))) {
    return { ...graph, reference: undefined, skipping: graph.model, batch: fixedBatch(model, dims) ?? 0 };
  }
  const prepare = (one: Model, batchNorm: 'train' | 'frozen'): Promise<TrainableModel> =>
    prepareTraining(withoutDropout(one), { batch: Math.min(BATCH, split.size), dims, isFrozen: () => false, batchNorm });
  const prepared = await prepare(graph.model, 'train');
  return { ...graph, reference: (await prepare(model, 'frozen')).model, skipping: prepared.model, batch: prepared.batch };
}

/** Dropout would come to life in a training copy. */
function withoutDropout(given: Model): Model {
  const model = cloneModel(given);
  model.graph.nodes = model.graph.nodes.map((node) => (isOp(node, 'Dropout') && node.outputs.length === 1 ? makeNode('Identity', node.inputs.slice(0, 1), node.outputs, {}, { name: node.name }) : node));
  return model;
}

/** The session with some inputs fed already. */
function withInputs(session: Session, inputs: Readonly<Record<string, NdArray>>): Session {
  return { inputs: session.inputs, outputs: session.outputs, run: (feeds, ...rest) => session.run({ ...feeds, ...inputs }, ...rest), release: () => session.release() };
}
