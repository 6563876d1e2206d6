// How far the answers of changed models are from the model's own, on the same samples: what a layer's factors cost the whole.

import { runBatches } from '../../../data/batches';
import type { Split } from '../../../data/dataset';
import { EngineError } from '../../../error';
import { elementCount, type Model } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import type { Session } from '../../../ports';
import { type AnswerOutput, answerOutputs, Distances } from '../../answers';
import type { PassContext } from '../../pass';
import { fixedBatch } from '../../quantize/calibrate';

export interface AnswerMeter {
  /** Kullback-Leibler divergence of classes, share of the squares of numbers; infinite where answers are not finite. */
  distances(models: readonly Model[]): Promise<readonly number[]>;
  release(): Promise<void>;
}

/** Parameters of all sessions that are open together, 64 Mi (256 MB of float32): what a session holds is about twice that. Ours. */
const OPEN_PARAMETERS = 2 ** 26;
/** Sessions that are open together: the model itself runs once for so many. */
const OPEN_SESSIONS = 4;

/** @throws EngineError `noFloatOutput` (when measuring) for a model whose outputs are no floats. */
export async function answerMeter(model: Model, split: Split, samples: number, context: PassContext): Promise<AnswerMeter> {
  const { runtime, threads, dims, signal } = context;
  const shapes = await inferShapes(model);
  const open = (one: Model): Promise<Session> => runtime.createSession(one, { provider: 'cpu', threads, dims });
  const whole = await open(model);
  const fixed = fixedBatch(model, dims);
  const parameters = [...model.graph.initializers.values()].reduce((sum, tensor) => sum + elementCount(tensor.dims), 0);
  const together = Math.max(1, Math.min(OPEN_SESSIONS, Math.floor(OPEN_PARAMETERS / Math.max(1, parameters))));
  let known: readonly AnswerOutput[] | undefined;
  const distancesOf = async (models: readonly Model[]): Promise<readonly number[]> => {
    const sessions: Session[] = [];
    try {
      for (const one of models) sessions.push(await open(one));
      const sums = models.map(() => new Distances());
      const options = { limit: samples, ...(fixed !== undefined && { fixedBatch: fixed }), ...(signal !== undefined && { signal }) };
      for await (const { batch, outputs: [before = {}, ...after] } of runBatches([whole, ...sessions], split, options)) {
        const answers = known ??= answerOutputs(model.graph, shapes, before, batch);
        if (answers.length === 0) throw new EngineError('noFloatOutput', { outputs: model.graph.outputs.map(({ name }) => name).join(', ') });
        sums.forEach((sum, index) => sum.add(answers, before, after[index] ?? {}, batch));
      }
      return sums.map((sum) => sum.value().divergence);
    } finally {
      for (const session of sessions) await session.release();
    }
  };
  return {
    async distances(models) {
      const found: number[] = [];
      for (let at = 0; at < models.length; at += together) found.push(...await distancesOf(models.slice(at, at + together)));
      return found;
    },
    release: () => whole.release(),
  };
}
