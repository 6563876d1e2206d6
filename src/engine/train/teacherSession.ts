// A teacher from any model: a session of its own that gives the tensors losses ask for, as it is used and not as it was
// trained (no dropout, stored statistics). It needs no gradients, so integer models teach too. A teacher whose file fixes
// the number of samples is asked several times a batch.

import { makeValue } from '../ir/build';
import { EngineError } from '../error';
import { cloneModel } from '../ir/clone';
import { topologicalOrder } from '../ir/graphIndex';
import { inlineFunctions } from '../ir/inlineFunctions';
import type { Model } from '../ir/model';
import { fixed, inferShapes } from '../ir/shapes/index';
import type { NdArray, Runtime, Session } from '../ports';
import { fixInputs } from './fixedInputs';
import { outputsOf } from './prepare';
import { joinedRows, rows } from './rows';
import { toSinglePrecision } from './singlePrecision';
import type { Teacher } from './training';

/** First IR version in which an initializer need not be listed among the inputs. */
const WEIGHTS_ALONE = 4;

export interface TeacherOptions {
  readonly batch: number;
  readonly dims: Readonly<Record<string, number>>;
  readonly runtime: Runtime;
  readonly provider: string;
  readonly threads: number;
}

/**
 * The session is made at the first run, for the tensors asked for.
 *
 * @throws EngineError `symbolicDimension`, `teacherBatch` where the file fixes a number of samples that does not divide
 * the batch; when run, what creating and running a session throws.
 */
export async function createTeacher(model: Model, { batch, dims, runtime, provider, threads }: TeacherOptions): Promise<Teacher> {
  const copy = cloneModel(inlineFunctions(model));
  copy.graph.nodes = topologicalOrder(copy.graph);
  // Before IR version 4 weights had to be inputs too.
  copy.irVersion = Math.max(copy.irVersion, WEIGHTS_ALONE);
  copy.graph.inputs = copy.graph.inputs.filter(({ name }) => !copy.graph.initializers.has(name));
  await toSinglePrecision(copy);
  const taken = await fixInputs(copy, { batch, dims });
  if (batch % taken !== 0) throw new EngineError('teacherBatch', { batch, taken });
  const calls = batch / taken;
  const shapes = await inferShapes(copy);
  let open: { readonly session: Session; readonly tensors: string } | undefined;

  const sessionFor = async (tensors: readonly string[]): Promise<Session> => {
    const wanted = tensors.join('\n');
    if (open?.tensors === wanted) return open.session;
    await open?.session.release();
    const outputs = tensors.map((name) => makeValue(name, shapes.tensors.get(name)?.type ?? 'float32', null));
    const session = await runtime.createSession({ ...copy, graph: { ...copy.graph, outputs } }, { provider, threads });
    open = { session, tensors: wanted };
    return session;
  };

  return {
    outputs: outputsOf(copy.graph, shapes),
    facts(tensor) {
      const known = shapes.tensors.get(tensor);
      const shape = fixed(known?.shape ?? undefined);
      return known === undefined || shape === undefined ? undefined : { type: known.type, shape: [(shape[0] ?? 1) * calls, ...shape.slice(1)] };
    },
    // Losses that compare with labels alone ask for nothing.
    async run(inputs, tensors) {
      if (tensors.length === 0) return {};
      const session = await sessionFor(tensors);
      const answers: Readonly<Record<string, NdArray>>[] = [];
      for (let call = 0; call < calls; call += 1) {
        const part = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, rows(array, call / calls, (call + 1) / calls)]));
        answers.push(await session.run(part, tensors));
      }
      return joinedRows(answers);
    },
    async release() {
      await open?.session.release();
      open = undefined;
    },
  };
}
