// A clock for tests: the time of a model is a function of its convolutions and products, the same on every machine.

import { costOf } from '../../../../../src/engine/analysis/cost';
import { findLayers } from '../../../../../src/engine/analysis/layers';
import { bindInputs } from '../../../../../src/engine/analysis/openDims';
import { isOp, type Model, type Node } from '../../../../../src/engine/ir/model';
import { inferShapes, type ShapeMap } from '../../../../../src/engine/ir/shapes/index';
import type { Clock } from '../../../../../src/engine/passes/clock';

/** ms of one node. */
export type NodeTime = (node: Node, shapes: ShapeMap, macs: number) => number;

/** One millisecond for a million MACs. */
export const layerMacs: NodeTime = (_, __, macs) => macs / 1e6;

/** In whole blocks of 16 input and output channels, as onnxruntime's blocked convolutions. */
export const blockedMacs: NodeTime = (node, shapes, macs) => {
  const widths = [node.inputs[0], node.outputs[0]].map((name) => Number(shapes.tensors.get(name ?? '')?.shape?.[1] ?? 1));
  return widths.reduce((time, width) => (time / width) * Math.ceil(width / 16) * 16, macs / 1e6);
};

export function fakeClock(timeOf: NodeTime): Clock {
  return (models, { progress } = {}) => {
    progress?.(1);
    return Promise.all(models.map((model) => latency(model, timeOf)));
  };
}

async function latency(model: Model, timeOf: NodeTime): Promise<number> {
  const shapes = await inferShapes(model, bindInputs(model));
  const layers = findLayers(model.graph, shapes);
  const costs = costOf(model.graph, layers, shapes);
  return layers.reduce((sum, { id, anchor }) => sum + (isOp(anchor, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul') ? timeOf(anchor, shapes, costs.layers.get(id)?.macs ?? 0) : 0), 0);
}
