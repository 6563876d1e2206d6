// The criterion `activation`: mean magnitude of what the layers that read a unit get of it. Where a Relu made it, units
// that are mostly 0 (high APoZ, Hu 2016) come out small.

import type { DependencyGroup, Slot } from '../../../analysis/dependencies/index';
import { findLayers } from '../../../analysis/layers';
import { int } from '../../../ir/attributes';
import { makeValue } from '../../../ir/build';
import { cloneModel } from '../../../ir/clone';
import { isFloat } from '../../../ir/dataTypes';
import { fixed, inferShapes } from '../../../ir/shapes/index';
import { GraphBuilder } from '../../../train/graphBuilder';
import { prepareTraining } from '../../../train/prepare';
import type { CriterionTask } from './criterionTask';
import { overSamples } from '../sampleRuns';
import { accumulate, type Importance, unitSums } from './units';

/** Samples a run; statistics are means over all, so that only speed depends on it. */
const BATCH = 16;

export async function activationSizes({ model, groups, split, samples, pass }: CriterionTask): Promise<Importance> {
  if (split === undefined) throw new Error('the criterion needs samples');
  const trainable = await prepareTraining(model, { batch: Math.min(BATCH, split.size), dims: pass.dims, isFrozen: () => false, batchNorm: 'frozen' });
  const copy = cloneModel(trainable.model);
  const shapes = await inferShapes(copy);
  const build = new GraphBuilder(copy.graph);
  const layers = new Map(findLayers(model.graph, await inferShapes(model)).map(({ id, anchor }) => [id, anchor.inputs]));
  copy.graph.outputs = [];
  const means = new Map<string, string>();
  const meanOf = ({ tensor, axis }: Slot): string | undefined => {
    const facts = shapes.tensors.get(tensor);
    const dims = fixed(facts?.shape ?? undefined);
    if (facts === undefined || dims === undefined || !isFloat(facts.type)) return undefined;
    const key = `${tensor} ${axis}`;
    const known = means.get(key);
    if (known !== undefined) return known;
    const others = dims.map((_, index) => index).filter((index) => index !== axis);
    const name = build.node('ReduceMean', [build.node('Abs', [tensor]), build.ints(others)], { keepdims: int(0) });
    copy.graph.outputs.push(makeValue(name, 'float32', [dims[axis] ?? 1]));
    means.set(key, name);
    return name;
  };
  const looks = groups.flatMap((group) => lookedAt(group, layers).flatMap((slot) => {
    const output = meanOf(slot);
    return output === undefined ? [] : [{ group, slot, output }];
  }));
  const found = new Map<string, Float64Array>();
  await overSamples({
    model: copy, trainable, split, samples,
    each: (outputs) => {
      for (const { group, slot, output } of looks) accumulate(found, group, unitSums(slot, outputs[output]?.data as Float32Array));
    },
  }, pass);
  return found;
}

/** What reading layers take in; all activations of a group that none reads. */
function lookedAt({ layers: roles, activations }: DependencyGroup, inputsOf: ReadonlyMap<string, readonly string[]>): readonly Slot[] {
  const read = new Set(roles.filter(({ role }) => role === 'reads').flatMap(({ id }) => inputsOf.get(id) ?? []));
  const slots = activations.filter(({ tensor }) => read.has(tensor));
  return slots.length > 0 ? slots : activations;
}
