// Variants of models whose input axes are open: batch, positions or pixels get a name in place of their size wherever the
// model still runs with another size. For tests of what must not depend on sizes.

import { cloneModel } from '../../src/engine/ir/clone';
import type { Dim, Model, ValueInfo } from '../../src/engine/ir/model';
import { seededRandom } from '../../src/engine/random';
import type { NdArray } from '../../src/engine/ports';
import { sampleInputs } from '../../src/engine/passes/sampleInputs';
import { testRuntime } from './passContext';
import { assetDims } from './models';

export interface DynamicVariant {
  readonly model: Model;
  /** Sizes of all open dimensions with which the variant ran: as they were, and changed. */
  readonly sizes: readonly Readonly<Record<string, number>>[];
}

/** Axes that a random choice leaves as they are. */
const KEPT = 0.2;

/** The model with as many open axes as a random choice and the model itself allow; undefined where it allows none. */
export async function dynamicVariant(model: Model, seed: number): Promise<DynamicVariant | undefined> {
  const random = seededRandom(seed);
  let variant = withoutStoredShapes(model);
  let first: Readonly<Record<string, number>> = assetDims;
  let changed: Readonly<Record<string, number>> = assetDims;
  let opened = 0;
  const fixedAxes = variant.graph.inputs.filter(({ name }) => !variant.graph.initializers.has(name))
    .flatMap((input) => shapeOf(input).flatMap((dim, axis) => (typeof dim === 'number' ? [{ axis, size: dim, input: input.name }] : [])));
  for (const { axis, size, input } of fixedAxes) {
    if (random() < KEPT) continue;
    const name = axis === 0 ? 'open_batch' : `open_${input.replaceAll(/\W/g, '_')}_${axis}`;
    const candidate = withDim(variant, input, axis, name);
    const [was, other] = [{ ...first, [name]: size }, { ...changed, [name]: size + (size < 4 ? 2 : 32) }];
    if (!(await runs(candidate, was)) || !(await runs(candidate, other))) continue;
    [variant, first, changed] = [candidate, was, other];
    opened += 1;
  }
  return opened === 0 ? undefined : { model: variant, sizes: [first, changed] };
}

export async function runAt(model: Model, dims: Readonly<Record<string, number>>, optimization: 'disabled' | 'all', feeds?: Readonly<Record<string, NdArray>>): Promise<{ readonly feeds: Readonly<Record<string, NdArray>>; readonly outputs: Record<string, NdArray> }> {
  const session = await testRuntime.createSession(model, { optimization, threads: 2 });
  try {
    const inputs = feeds ?? sampleInputs(model, session.inputs, { dims, seed: 3 });
    return { feeds: inputs, outputs: await session.run(inputs) };
  } finally {
    await session.release();
  }
}

async function runs(model: Model, dims: Readonly<Record<string, number>>): Promise<boolean> {
  try {
    await runAt(model, dims, 'disabled');
    return true;
  } catch {
    // A model that needs the size it was exported with refuses any other; that axis stays fixed.
    return false;
  }
}

/** Inner and output shapes that a file states are for its own sizes; the rank of outputs stays. */
function withoutStoredShapes(model: Model): Model {
  const copy = cloneModel(model);
  copy.graph.valueInfo.clear();
  copy.graph.outputs = copy.graph.outputs.map((output) =>
    (output.type?.kind === 'tensor' ? { ...output, type: { ...output.type, shape: shapeOf(output).map(() => null) } } : output));
  return copy;
}

function shapeOf(input: ValueInfo): readonly Dim[] {
  return input.type?.kind === 'tensor' ? (input.type.shape ?? []) : [];
}

function withDim(model: Model, input: string, axis: number, name: string): Model {
  const inputs = model.graph.inputs.map((value) => {
    if (value.name !== input || value.type?.kind !== 'tensor') return value;
    return { ...value, type: { ...value.type, shape: shapeOf(value).map((dim, at) => (at === axis ? name : dim)) } };
  });
  return { ...model, graph: { ...model.graph, inputs } };
}
