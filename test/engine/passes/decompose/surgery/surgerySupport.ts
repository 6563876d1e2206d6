// For tests of surgery: models with all their layers decomposed, by exact factors.

import { cloneModel } from '../../../../../src/engine/ir/clone';
import type { Model } from '../../../../../src/engine/ir/model';
import type { Factor, Kernel, Method } from '../../../../../src/engine/passes/decompose/factors';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods/index';
import { type DecomposableLayer, findDecomposable, readKernels } from '../../../../../src/engine/passes/decompose/surgery/layers';
import { replaceLayer } from '../../../../../src/engine/passes/decompose/surgery/replace';
import { identity } from '../../../../../src/engine/linalg/matrix';
import type { Products } from '../../../../../src/engine/linalg/products';
import { seededRandom } from '../../../../../src/engine/random';
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

// ── factors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Exact factors without arithmetic: the kernel between identities; a matrix with one behind it. */
export function exactFactors(kernel: Kernel): readonly Factor[] {
  const whole: Factor = { kernel, isDepthwise: false, axes: [...kernel.kernel.keys()] };
  return kernel.kernel.length === 0 ? [whole, unit(kernel.outputs, [])] : [unit(kernel.inputs, kernel.kernel), whole, unit(kernel.outputs, kernel.kernel)];
}

/** Hands every value on. */
function unit(size: number, places: readonly number[]): Factor {
  return { kernel: { outputs: size, inputs: size, kernel: places.map(() => 1), data: identity(size).data }, isDepthwise: false, axes: [] };
}

/** Those of a method at full rank. */
export function fullRank(method: Method, products: Products): FactorsOf {
  const record = methodTable[method];
  return async (kernel) => (await record.factorize({ kernel, products, random: seededRandom(1) }, record.fullRanks(kernel))).factors;
}
