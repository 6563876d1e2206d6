// How much memory a run of a graph takes: tensors alive at the same time in file order, by their shapes. An estimate:
// onnxruntime keeps freed blocks for reuse, kernels have scratch space, and elementwise nodes write over their inputs.

import { bytesOf } from '../ir/dataTypes';
import { capturedTensors } from '../ir/graphIndex';
import { elementCount, type Model } from '../ir/model';
import { fixed, inferShapes } from '../ir/shapes/index';

/**
 * What the arena really grows by, over the tensors alive. Measured as growth of the process less 30 MB for the session,
 * batch 32 to 128, CPU, onnxruntime 1.30: resnet20-cifar10 1.4 to 1.55, fashion-mobilenetv2-bn 1.25, ds_cnn_s-kws12 1.1,
 * sst2-transformer 1.4.
 */
const ARENA = 1.5;

/** Bytes that running a graph is expected to take. Tensors of unknown shape count as nothing. */
export async function estimatedBytes(model: Model): Promise<number> {
  return Math.round(ARENA * await peakBytes(model));
}

/** Peak bytes of tensors alive in one run: inputs, weights and outputs included. */
export async function peakBytes(model: Model): Promise<number> {
  const shapes = await inferShapes(model);
  const { graph } = model;
  const size = (name: string): number => {
    const facts = shapes.tensors.get(name);
    const dims = fixed(facts?.shape ?? undefined);
    return facts === undefined || dims === undefined ? 0 : bytesOf(facts.type, elementCount(dims));
  };
  const lastUse = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const name of [...node.inputs, ...capturedTensors(node)]) lastUse.set(name, index);
  });
  const kept = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.outputs.map(({ name }) => name)]);
  let alive = [...kept].reduce((sum, name) => sum + size(name), 0);
  let peak = alive;
  graph.nodes.forEach((node, index) => {
    for (const name of node.outputs) if (name !== '' && !kept.has(name)) alive += size(name);
    peak = Math.max(peak, alive);
    for (const name of new Set([...node.inputs, ...capturedTensors(node), ...node.outputs])) {
      if (name !== '' && !kept.has(name) && (lastUse.get(name) ?? index) === index) alive -= size(name);
    }
  });
  return peak;
}
