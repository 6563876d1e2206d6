// The training copy of a model: one batch size, weights as initializers, training forms of the operators that have some.
// The way back is exportTrained.ts.

import { EngineError } from '../error';
import { intAttribute, tensorAttribute } from '../ir/attributes';
import { makeValue } from '../ir/build';
import { cloneModel } from '../ir/clone';
import { isFloat } from '../ir/dataTypes';
import { indexGraph, topologicalOrder } from '../ir/graphIndex';
import { inlineFunctions } from '../ir/inlineFunctions';
import { type Graph, isOp, type Model, nodeLabel } from '../ir/model';
import { convertOpset } from '../ir/opsetConversion';
import { fixed, inferShapes, type ShapeMap } from '../ir/shapes/index';
import { type BatchSizes, fixInputs, foldKnownIntegers } from './fixedInputs';
import { GraphBuilder } from './graphBuilder';
import { TRAINING_OPSET } from './gradient/differentiate';
import { toSinglePrecision } from './singlePrecision';
import type { Parameter, TrainableModel, TrainableOutput } from './trainable';
import { applyTrainingForms, type FormsOptions, SEED_INPUT } from './trainingForms';
import { trainableWeights } from './trainableWeights';

export interface PrepareOptions extends BatchSizes, FormsOptions {
  /** By initializer (or output of a Constant node), as in `Parameter`: what stays zero. Those of frozen weights do nothing. */
  readonly masks?: ReadonlyMap<string, Uint8Array>;
}

/**
 * A copy of `model` to train; `model` itself is left alone.
 *
 * @throws EngineError `nothingToTrain` when no float weight may change, `symbolicDimension`, what the training forms throw,
 * and those of opset conversion.
 */
export async function prepareTraining(model: Model, options: PrepareOptions): Promise<TrainableModel> {
  const copy = cloneModel((await convertOpset(inlineFunctions(model), TRAINING_OPSET)).model);
  const { graph } = copy;
  graph.nodes = topologicalOrder(graph);
  graph.inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  liftConstants(graph);
  await toSinglePrecision(copy);
  const batch = await fixInputs(copy, options);
  foldKnownIntegers(copy, await inferShapes(copy));
  const shapes = await inferShapes(copy);
  const stored = storedTensors(model.graph);
  const weights = (await trainableWeights(copy, graph.nodes, shapes, options.isFrozen)).filter(({ name }) => stored.has(name));
  if (weights.length === 0) throw new EngineError('nothingToTrain');

  const outputs = outputsOf(graph, shapes);
  const build = new GraphBuilder(graph);
  const { statistics, usesSeed } = applyTrainingForms(build, shapes, options);
  if (usesSeed) graph.inputs.push(makeValue(SEED_INPUT, 'int64', []));
  const parameters = weights.map(({ name, dims, decay, node }): Parameter => {
    const mask = options.masks?.get(name);
    return { name, dims, decay, node: nodeLabel(node), ...(mask !== undefined && { mask }) };
  });
  return { model: copy, batch, parameters, statistics, outputs, ...(usesSeed && { seedInput: SEED_INPUT }) };
}

/** Tensors by the names that `exportTrained` can write: initializers and results of Constant nodes of the main graph. */
function storedTensors(graph: Graph): ReadonlySet<string> {
  return new Set([...graph.initializers.keys(), ...graph.nodes.filter((node) => isOp(node, 'Constant')).map((node) => node.outputs[0] ?? '')]);
}

/** Constant nodes that hold a tensor become initializers of the same name. */
function liftConstants(graph: Graph): void {
  graph.nodes = graph.nodes.filter((node) => {
    const value = isOp(node, 'Constant') ? tensorAttribute(node, 'value') : undefined;
    const name = node.outputs[0] ?? '';
    if (value === undefined || graph.outputs.some((output) => output.name === name)) return true;
    graph.initializers.set(name, { ...value, name });
    return false;
  });
}

const activations = { Softmax: 'softmax', LogSoftmax: 'logSoftmax', Sigmoid: 'sigmoid' } as const;

/** Without labels to tell: the last axis of [n, classes] and [n, tokens, classes], axis 1 of [n, classes, 1] and of images. */
function usualAxis(dims: readonly number[]): number {
  const isLast = dims.length < 3 || (dims.length === 3 && (dims[2] ?? 1) > 1);
  return isLast ? dims.length - 1 : 1;
}

export function outputsOf(graph: Graph, shapes: ShapeMap): TrainableOutput[] {
  const { producer } = indexGraph(graph);
  return graph.outputs.flatMap(({ name }): TrainableOutput[] => {
    const facts = shapes.tensors.get(name);
    const dims = fixed(facts?.shape ?? undefined);
    if (facts === undefined || dims === undefined || !isFloat(facts.type)) return [];
    let made = producer.get(name);
    while (made !== undefined && isOp(made, 'Identity')) made = producer.get(made.inputs[0] ?? '');
    const activation = made !== undefined && isOp(made, ...Object.keys(activations)) ? activations[made.opType as keyof typeof activations] : undefined;
    if (made === undefined || activation === undefined) return [{ name, logits: name, activation: 'none', axis: usualAxis(dims), dims }];
    const stated = activation === 'sigmoid' ? usualAxis(dims) : intAttribute(made, 'axis', -1);
    return [{ name, logits: made.inputs[0] ?? name, activation, axis: stated < 0 ? stated + dims.length : stated, dims }];
  });
}
