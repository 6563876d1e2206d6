// Operators that behave differently while training: BatchNormalization by the statistics of the batch, Dropout with a
// mask. Only the training copy has these forms; the saved model is the given one with new numbers.

import { floatAttribute } from '../ir/attributes';
import { type GraphIndex, indexGraph } from '../ir/graphIndex';
import { isOp, type Node, nodeLabel } from '../ir/model';
import { fixed, type ShapeMap } from '../ir/shapes/index';
import { EngineError } from '../error';
import { trainingBatchNorm } from './batchStatistics';
import { dropoutMask } from './dropout';
import type { GraphBuilder } from './graphBuilder';
import type { Statistic } from './trainable';

export interface FormsOptions {
  readonly isFrozen: (node: Node) => boolean;
  /** `train`: batch statistics and running averages; `frozen`: as when the model is used. */
  readonly batchNorm: 'train' | 'frozen';
}

export const SEED_INPUT = 'train/seed';

/**
 * Replaces the nodes of `build.graph`, in place. Dropout reads its masks from the tensor `SEED_INPUT`.
 *
 * @throws EngineError `batchNormOneValue` where a batch gives a channel one value only, `gradientShapeUnknown`
 */
export function applyTrainingForms(build: GraphBuilder, shapes: ShapeMap, options: FormsOptions): { readonly statistics: readonly Statistic[]; readonly usesSeed: boolean } {
  const statistics = new Map<string, Statistic>();
  const index = indexGraph(build.graph);
  let streams = 0;
  const nodes: Node[] = [];
  const replace = (write: () => void): void => build.collect(nodes, write);
  for (const node of build.graph.nodes) {
    if (isOp(node, 'BatchNormalization') && options.batchNorm === 'train' && !options.isFrozen(node)) {
      replace(() => { batchNormalization(build, node, shapes, statistics); });
    } else if (isOp(node, 'Dropout') && ratioOf(node, shapes, index) > 0) {
      const ratio = ratioOf(node, shapes, index);
      replace(() => build.named('Mul', [node.inputs[0] ?? '', dropoutMask(build, { seed: SEED_INPUT, stream: streams, dims: dimsOf(node, shapes), ratio })], [node.outputs[0] ?? '']));
      streams += 1;
    } else nodes.push(node);
  }
  build.graph.nodes.splice(0, Infinity, ...nodes);
  return { statistics: [...statistics.values()], usesSeed: streams > 0 };
}

function dimsOf(node: Node, shapes: ShapeMap): readonly number[] {
  const tensor = node.inputs[0] ?? '';
  const dims = fixed(shapes.tensors.get(tensor)?.shape ?? undefined);
  if (dims === undefined) throw new EngineError('gradientShapeUnknown', { tensor, node: node.name || (node.outputs[0] ?? ''), op: node.opType });
  return dims;
}

/** Ratio of Dropout, opset 12 and later; its default is 0.5. A mask that someone uses keeps the node as it is. */
function ratioOf(node: Node, shapes: ShapeMap, index: GraphIndex): number {
  const [, mask = ''] = node.outputs;
  if (index.uses(mask).length > 0 || index.outputs.has(mask)) return 0;
  const name = node.inputs[1];
  if (name === undefined || name === '') return 0.5;
  return Number(shapes.tensors.get(name)?.value?.[0] ?? 0);
}

/**
 * ONNX: running = running * momentum + batch * (1 - momentum). The variance that runs is the unbiased one, as in PyTorch.
 * Nodes that share their running averages (one network for two inputs) update them one after the other.
 */
function batchNormalization(build: GraphBuilder, node: Node, shapes: ShapeMap, statistics: Map<string, Statistic>): void {
  const [x = '', scale = '', bias = '', mean = '', variance = ''] = node.inputs;
  const dims = dimsOf(node, shapes);
  const momentum = floatAttribute(node, 'momentum', 0.9);
  const values = dims.reduce((product, size) => product * size, 1) / (dims[1] ?? 1);
  // The variance of one value is 0: every output would be the shift, and the running variance would sink to 0.
  if (values < 2) throw new EngineError('batchNormOneValue', { node: nodeLabel(node), batch: dims[0] ?? 1 }, { node: nodeLabel(node) });
  const batch = trainingBatchNorm(build, { x, scale, bias, epsilon: floatAttribute(node, 'epsilon', 1e-5), shape: dims, output: node.outputs[0] ?? '' });
  const update = (running: string, value: string, factor: number): void => {
    const tensor = build.graph.initializers.get(running);
    if (tensor === undefined) return;
    const before = statistics.get(running)?.update ?? running;
    const after = build.add(build.mul(before, build.scalar(momentum)), build.mul(value, build.scalar((1 - momentum) * factor)));
    statistics.set(running, { running, dims: tensor.dims, update: after });
  };
  update(mean, batch.mean, 1);
  update(variance, batch.variance, values / (values - 1));
}
