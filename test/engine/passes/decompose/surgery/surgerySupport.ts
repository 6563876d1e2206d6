// For tests of surgery: exact factors of any kernel without arithmetic, in the form of each method, and the comparison of a model
// with its decomposition on onnxruntime.

import { cloneModel } from '../../../../../src/engine/ir/clone';
import { elementCount, type Model } from '../../../../../src/engine/ir/model';
import type { Factor, Kernel, Method } from '../../../../../src/engine/passes/decompose/factors';
import { type DecomposableLayer, findDecomposable, readKernels } from '../../../../../src/engine/passes/decompose/surgery/layers';
import { replaceLayer } from '../../../../../src/engine/passes/decompose/surgery/replace';
import { assertStillValid } from '../../../../support/checkedPasses';

export type FactorsOf = (kernel: Kernel, layer: DecomposableLayer) => readonly Factor[] | Promise<readonly Factor[]>;

export interface Decomposed {
  readonly model: Model;
  readonly layers: readonly DecomposableLayer[];
  readonly added: ReadonlyMap<string, string>;
}

/** The model with every layer decomposed that `factorsOf` is wanted for; it breaks no rule of ONNX. */
export async function decomposed(model: Model, factorsOf: FactorsOf, isWanted: (layer: DecomposableLayer) => boolean = () => true): Promise<Decomposed> {
  const layers = (await findDecomposable(model, () => false)).layers.filter(isWanted);
  const result = cloneModel(model);
  const added = new Map<string, string>();
  for (const layer of layers) {
    const factors: (readonly Factor[])[] = [];
    for (const kernel of await readKernels(model, layer)) factors.push(await factorsOf(kernel, layer));
    for (const [node, replaced] of replaceLayer(result, layer, factors).added) added.set(node, replaced);
  }
  await assertStillValid(model, result, 'decomposition');
  return { model: result, layers, added };
}

// ── exact factors ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Exact factors in the form of a method; undefined for shapes that have no such form. */
export function exactFactors(method: Method, kernel: Kernel): Factor[] | undefined {
  const { kernel: places, inputs, outputs } = kernel;
  switch (method) {
    case 'svd': return [whole(kernel), unit(outputs, places)];
    case 'tucker': return places.length === 0 ? undefined : [unit(inputs, places), whole(kernel), unit(outputs, places)];
    case 'spatial': return places.length < 2 ? undefined : picking(kernel);
    case 'cp': return places.length === 0 ? undefined : single(kernel);
  }
}

function whole(kernel: Kernel): Factor {
  return { kernel, isDepthwise: false, axes: [...kernel.kernel.keys()] };
}

/** Hands every value on. */
function unit(size: number, places: readonly number[]): Factor {
  return filled([size, size, ...places.map(() => 1)], [], ([output, input]) => (output === input ? 1 : 0));
}

/** Along the first axis a channel for each input and tap, then all the sums. */
function picking({ kernel: places, inputs, outputs, data }: Kernel): Factor[] {
  const [height = 1, ...rest] = places;
  const behind = elementCount(rest);
  return [
    filled([inputs * height, inputs, height, ...rest.map(() => 1)], [0], ([rank = 0, input, tap]) => (Math.floor(rank / height) === input && rank % height === tap ? 1 : 0)),
    filled([outputs, inputs * height, 1, ...rest], rest.map((_, axis) => axis + 1), ([output = 0, rank = 0], at) => data[(output * inputs * height + rank) * behind + (at % behind)] ?? NaN),
  ];
}

/** One component for every number of the kernel. */
function single({ kernel: places, inputs, outputs, data }: Kernel): Factor[] {
  const dims = [outputs, inputs, ...places];
  const rank = elementCount(dims);
  const indexOf = (component: number, axis: number): number => Math.floor(component / elementCount(dims.slice(axis + 1))) % (dims[axis] ?? 1);
  const ones = places.map(() => 1);
  return [
    filled([rank, inputs, ...ones], [], ([component = 0, input]) => (indexOf(component, 1) === input ? (data[component] ?? NaN) : 0)),
    ...places.map((length, axis) => ({
      ...filled([rank, 1, ...ones.with(axis, length)], [axis], (place) => (indexOf(place[0] ?? 0, 2 + axis) === place[2 + axis] ? 1 : 0)), isDepthwise: true,
    })),
    filled([outputs, rank, ...ones], [], ([output, component = 0]) => (indexOf(component, 0) === output ? 1 : 0)),
  ];
}

function filled(dims: readonly [number, number, ...number[]], axes: readonly number[], value: (place: readonly number[], at: number) => number): Factor {
  const [outputs, inputs, ...kernel] = dims;
  const data = Float64Array.from({ length: elementCount(dims) }, (_, at) =>
    value(dims.map((length, axis) => Math.floor(at / elementCount(dims.slice(axis + 1))) % length), at));
  return { kernel: { outputs, inputs, kernel, data }, isDepthwise: false, axes };
}
