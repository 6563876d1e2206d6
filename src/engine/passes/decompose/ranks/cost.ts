// What a layer costs as it is, and as factors: parameters, and multiply-accumulates of one sample as analysis/costMacs.ts counts
// them. Strides matter: a factor in front of the one that takes them runs on the places of the input.

import { isOp, type Node } from '../../../ir/model';
import { elementCount } from '../../../ir/model';
import { fixed, type ShapeMap } from '../../../ir/shapes/index';
import type { FactorShape, KernelShape } from '../methods/method';
import type { DecomposableLayer } from '../surgery/layers';

/** Biases, which stay as they are, are not counted. MACs are null where a size is known only when the model runs. */
export interface LayerCost {
  readonly parameters: number;
  readonly macs: number | null;
}

export interface LayerMeter {
  readonly whole: LayerCost;
  /** Of factors in the order they run in, in all groups. */
  of(factors: readonly FactorShape[]): LayerCost;
}

/** @param shapes of the model that holds the layer, with its open dimensions bound. */
export function layerMeter(layer: DecomposableLayer, shapes: ShapeMap): LayerMeter {
  const cost = (factors: readonly FactorShape[]): LayerCost => ({
    parameters: layer.groups * factors.reduce((sum, factor) => sum + sizeOf(factor), 0),
    macs: layer.nodes.reduce<number | null>((sum, node) => {
      const own = nodeMacs(node, layer, factors, shapes);
      return sum === null || own === null ? null : sum + own;
    }, 0),
  });
  const axes = layer.shape.kernel.map((_, axis) => axis);
  return { whole: cost([{ ...layer.shape, isDepthwise: false, axes }]), of: cost };
}

function sizeOf({ outputs, inputs, kernel }: KernelShape): number {
  return outputs * inputs * elementCount(kernel);
}

function nodeMacs(node: Node, { kind, groups, shape, turned }: DecomposableLayer, factors: readonly FactorShape[], { tensors }: ShapeMap): number | null {
  if (kind === 'conv' || kind === 'convTranspose') {
    const [before, after] = [fixed(tensors.get(node.inputs[0] ?? '')?.shape), fixed(tensors.get(node.outputs[0] ?? '')?.shape)];
    return before === undefined || after === undefined ? null : groups * convolutionMacs(before, after, factors, kind === 'convTranspose');
  }
  const read = fixed(tensors.get(node.inputs[isOp(node, 'Gather') ? 1 : 0] ?? '')?.shape);
  if (read === undefined) return null;
  // Looking up the rows of the first factor multiplies nothing.
  if (isOp(node, 'Gather')) return elementCount(read) * factors.slice(1).reduce((sum, factor) => sum + sizeOf(factor), 0);
  const width = turned.has(node.outputs[0] ?? '') ? shape.outputs : shape.inputs;
  return (elementCount(read) / width) * factors.reduce((sum, factor) => sum + sizeOf(factor), 0);
}

/** A convolution multiplies at the places it makes, a transposed one at those it reads. */
function convolutionMacs([samples = 1, , ...before]: readonly number[], [, , ...after]: readonly number[], factors: readonly FactorShape[], isTransposed: boolean): number {
  const places = [...before];
  let macs = 0;
  for (const factor of factors) {
    const read = elementCount(places);
    for (const axis of factor.axes) places[axis] = after[axis] ?? 1;
    macs += samples * sizeOf(factor) * (isTransposed ? read : elementCount(places));
  }
  return macs;
}
