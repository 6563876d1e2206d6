// Which stored tensors of a model training changes: the learned ones, found as for the layer table, without what is not
// learned by gradient (running statistics, masks, scaling of the inputs) and without frozen layers.

import { constantsOf } from '../analysis/constants';
import { isLinear, roleOf } from '../analysis/layerRoles';
import { weightLeaves } from '../analysis/weights';
import { isFloat } from '../ir/dataTypes';
import { capturedTensors } from '../ir/graphIndex';
import { elementCount, type Model, type Node } from '../ir/model';
import type { ShapeMap } from '../ir/shapes/index';
import { readTensor } from '../ir/tensors';
import { numberAt } from '../data/preprocess/cast';

export interface TrainableWeight {
  /** Initializer. */
  readonly name: string;
  readonly dims: readonly number[];
  /** Whether weight decay applies: matrices and kernels, not norms and biases. */
  readonly decay: boolean;
  /** The first node that uses it. */
  readonly node: Node;
}

/** Positions of BatchNormalization's running mean and variance: measured, not learned. */
const statistics: ReadonlySet<number> = new Set([3, 4]);

/** Masks are written as large negative numbers or -Infinity; no learned weight is that large. */
const MASK_BOUND = -1e4;

/** @param nodes of the main graph in topological order */
export async function trainableWeights(model: Model, nodes: readonly Node[], shapes: ShapeMap, isFrozen: (node: Node) => boolean): Promise<TrainableWeight[]> {
  const { graph } = model;
  const constants = constantsOf(graph, nodes);
  const found = new Map<string, TrainableWeight>();
  const excluded = new Set<string>();
  /** Tensors that depend on the data and on some weight. */
  const weighted = new Set<string>();
  for (const node of nodes) {
    if (constants.nodes.has(node)) continue;
    const leaves = weightLeaves(node, constants, shapes.tensors).filter((name) => graph.initializers.has(name));
    const comesFromWeights = [...node.inputs, ...capturedTensors(node)].some((name) => weighted.has(name));
    // Scaling of the inputs before the first layer is preprocessing.
    const learned = leaves.length > 0 && (roleOf(node) !== 'elementwise' || comesFromWeights);
    if (learned || comesFromWeights) for (const output of node.outputs) weighted.add(output);
    if (!learned) continue;
    const unlearned = new Set(node.opType === 'BatchNormalization' ? node.inputs.filter((_, position) => statistics.has(position)) : []);
    for (const name of leaves) {
      const tensor = graph.initializers.get(name);
      if (tensor === undefined || found.has(name) || unlearned.has(name) || !isFloat(tensor.type)) continue;
      if (isFrozen(node)) excluded.add(name);
      else found.set(name, { name, dims: tensor.dims, decay: tensor.dims.length >= 2 && (isLinear(node) || roleOf(node) !== 'elementwise'), node });
    }
  }
  const kept: TrainableWeight[] = [];
  for (const weight of found.values()) {
    if (!excluded.has(weight.name) && !(roleOf(weight.node) === 'elementwise' && await isMask(model, weight.name))) kept.push(weight);
  }
  return kept;
}

async function isMask(model: Model, name: string): Promise<boolean> {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) return false;
  const array = await readTensor(tensor);
  const at = numberAt(array);
  for (let index = 0, count = elementCount(tensor.dims); index < count; index += 1) if (at(index) <= MASK_BOUND) return true;
  return false;
}
