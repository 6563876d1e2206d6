// A teacher from any model: a session of its own that gives the tensors losses ask for, as it is used and not as it was
// trained (no dropout, stored statistics). It needs no gradients, so integer models teach too.

import { makeValue } from '../ir/build';
import { cloneModel } from '../ir/clone';
import { topologicalOrder } from '../ir/graphIndex';
import { inlineFunctions } from '../ir/inlineFunctions';
import type { Model } from '../ir/model';
import { fixed, inferShapes } from '../ir/shapes/index';
import type { Runtime, Session } from '../ports';
import { fixInputs } from './fixedInputs';
import { outputsOf } from './prepare';
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
 * @throws EngineError `symbolicDimension`; when run, what creating and running a session throws.
 */
export async function createTeacher(model: Model, { batch, dims, runtime, provider, threads }: TeacherOptions): Promise<Teacher> {
  const copy = cloneModel(inlineFunctions(model));
  copy.graph.nodes = topologicalOrder(copy.graph);
  // Before IR version 4 weights had to be inputs too.
  copy.irVersion = Math.max(copy.irVersion, WEIGHTS_ALONE);
  copy.graph.inputs = copy.graph.inputs.filter(({ name }) => !copy.graph.initializers.has(name));
  await toSinglePrecision(copy);
  await fixInputs(copy, { batch, dims });
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
      return known === undefined || shape === undefined ? undefined : { type: known.type, shape };
    },
    // Losses that compare with labels alone ask for nothing.
    run: async (inputs, tensors) => (tensors.length === 0 ? {} : (await sessionFor(tensors)).run(inputs, tensors)),
    async release() {
      await open?.session.release();
      open = undefined;
    },
  };
}
