// BatchNormalization that was folded into convolutions at export comes back for training from scratch, and is folded again
// for the file: networks that were designed with it do not train well without. Which values it gets is not said here.

import { tensorAttribute } from '../ir/attributes';
import { makeNode } from '../ir/build';
import { cloneModel } from '../ir/clone';
import { indexGraph } from '../ir/graphIndex';
import { isOp, type Model, type Node, opsetOf, type Tensor } from '../ir/model';
import { readTensor, tensorFrom } from '../ir/tensors';
import type { NdArray } from '../ports';
import { exportTrained } from './exportTrained';
import { headNodes } from './weightedLayers';

/** Default of `epsilon`, for the rounding of its square root below too. */
const EPSILON = 1e-5;
/** First opset in which BatchNormalization is as today, but for attributes that we do not write. */
const FIRST_OPSET = 7;

const normalizations: readonly string[] = [
  'BatchNormalization', 'InstanceNormalization', 'GroupNormalization', 'LayerNormalization', 'RMSNormalization', 'LpNormalization',
  'LRN', 'MeanVarianceNormalization',
];

/** One BatchNormalization that was put back; all are names of tensors. */
interface RestoredNorm {
  readonly weight: string;
  /** Of the convolution in the original; absent where it had none. */
  readonly bias?: string;
  /** Output of the convolution in the original: what the BatchNormalization makes now. */
  readonly output: string;
  /** Output of the convolution now. */
  readonly convolution: string;
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

export interface RestoredModel {
  readonly model: Model;
  readonly norms: readonly RestoredNorm[];
}

/** Mean and variance of every channel of a convolution's output (without its bias), by the name of that output. */
export type ChannelStatistics = ReadonlyMap<string, { readonly mean: Float32Array; readonly variance: Float32Array }>;

/**
 * Puts BatchNormalization behind every convolution but those that end the network (headNodes). The biases of the
 * convolutions become its shifts. Statistics are those given, else mean 0 and variance 1; scale and shift are set so that
 * the function of the model stays the same. Frozen convolutions get none: going through a scale and back may move a weight
 * by a rounding.
 *
 * @returns undefined where there is nothing to put back: the model has a normalization, or no convolution of its own weights.
 */
export async function restoreBatchNorm(
  model: Model, { statistics = new Map(), isFrozen = () => false }: { readonly statistics?: ChannelStatistics; readonly isFrozen?: (node: Node) => boolean } = {},
): Promise<RestoredModel | undefined> {
  if ((opsetOf(model) ?? 0) < FIRST_OPSET || model.graph.nodes.some((node) => isOp(node, ...normalizations))) return undefined;
  const copy = cloneModel(model);
  const { graph } = copy;
  const index = indexGraph(graph);
  const heads = headNodes(graph);
  const norms: RestoredNorm[] = [];
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    nodes.push(node);
    const output = node.outputs[0] ?? '';
    const [weight, bias] = [1, 2].map((position) => ownConstant(node.inputs[position] ?? '', copy, index));
    if (!isOp(node, 'Conv') || heads.has(node) || isFrozen(node) || weight?.type !== 'float32' || ((node.inputs[2] ?? '') !== '' && bias?.type !== 'float32')) continue;
    const channels = weight.dims[0] ?? 0;
    const { mean = new Float32Array(channels), variance = new Float32Array(channels).fill(1) } = statistics.get(output) ?? {};
    const shift = bias === undefined ? new Float32Array(channels) : ((await readTensor(bias)).data as Float32Array).slice();
    const convolution = index.uniqueName(`${output}/beforeNorm`);
    const add = (part: string, data: Float32Array): string => {
      const name = index.uniqueName(`${output}/norm/${part}`);
      graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: [channels], data }));
      return name;
    };
    const norm: RestoredNorm = {
      weight: node.inputs[1] ?? '',
      ...(bias !== undefined && { bias: node.inputs[2] ?? '' }),
      output,
      convolution,
      scale: add('scale', variance.map((value) => Math.sqrt(value + EPSILON))),
      shift: add('shift', shift.map((value, channel) => value + (mean[channel] ?? 0))),
      mean: add('mean', mean),
      variance: add('variance', variance),
    };
    norms.push(norm);
    node.outputs = [convolution];
    node.inputs = node.inputs.slice(0, 2);
    nodes.push(makeNode('BatchNormalization', [convolution, norm.scale, norm.shift, norm.mean, norm.variance], [output], {}, { name: index.uniqueName(`${output}/norm`) }));
    graph.valueInfo.delete(output);
  }
  if (norms.length === 0) return undefined;
  graph.nodes = nodes;
  for (const { bias } of norms) if (bias !== undefined) removeConstant(copy, bias);
  return { model: copy, norms };
}

/**
 * The original model with the trained weights, BatchNormalization folded into the convolutions: W' = W s, b' = shift - mean s
 * with s = scale / sqrt(variance + epsilon), in float64, rounded once. Nodes are those of the original; a convolution that
 * had no bias gets one.
 *
 * @param trained the restored model with new values in its weights.
 */
export async function foldBatchNorm(original: Model, { model: trained, norms }: RestoredModel): Promise<Model> {
  const values = new Map<string, Float32Array>();
  const biases = new Map<string, Float32Array>();
  for (const norm of norms) {
    const [weight, scale, shift, mean, variance] = await Promise.all(
      [norm.weight, norm.scale, norm.shift, norm.mean, norm.variance].map(async (name) => floats(await readTensor(requireConstant(trained, name)))),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    const channels = scale.length;
    const inner = weight.length / channels;
    const factor = Float64Array.from({ length: channels }, (_, channel) => (scale[channel] ?? 0) / Math.sqrt((variance[channel] ?? 0) + EPSILON));
    // Zeros keep their sign where the factor is negative: those of sparse weights stay bit by bit.
    values.set(norm.weight, weight.map((value, element) => (value === 0 ? value : value * (factor[Math.floor(element / inner)] ?? 0))));
    const bias = Float32Array.from(factor, (value, channel) => (shift[channel] ?? 0) - (mean[channel] ?? 0) * value);
    (norm.bias === undefined ? biases : values).set(norm.bias ?? norm.output, bias);
  }
  const output = exportTrained(withOtherWeights(original, trained, values), values);
  const index = indexGraph(output.graph);
  for (const [convolution, data] of biases) {
    const node = index.producer.get(convolution);
    const name = index.uniqueName(`${convolution}/bias`);
    output.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: [data.length], data }));
    if (node !== undefined) node.inputs = [node.inputs[0] ?? '', node.inputs[1] ?? '', name];
  }
  return output;
}

/** The original with every stored tensor that `trained` has too, but for those that `own` holds. */
function withOtherWeights(original: Model, trained: Model, own: ReadonlyMap<string, Float32Array>): Model {
  const copy = cloneModel(original);
  for (const name of copy.graph.initializers.keys()) {
    const tensor = trained.graph.initializers.get(name);
    if (tensor !== undefined && !own.has(name)) copy.graph.initializers.set(name, tensor);
  }
  for (const node of copy.graph.nodes) {
    const value = isOp(node, 'Constant') ? constantOf(node.outputs[0] ?? '', trained) : undefined;
    if (value !== undefined && !own.has(node.outputs[0] ?? '')) node.attributes.set('value', { kind: 'tensor', value });
  }
  return copy;
}

function floats({ data }: NdArray): Float32Array {
  return data as Float32Array;
}

function constantOf(name: string, { graph }: Model): Tensor | undefined {
  const node = graph.initializers.has(name) ? undefined : graph.nodes.find((maker) => isOp(maker, 'Constant') && maker.outputs[0] === name);
  return node === undefined ? graph.initializers.get(name) : tensorAttribute(node, 'value');
}

function requireConstant(model: Model, name: string): Tensor {
  const tensor = constantOf(name, model);
  if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
  return tensor;
}

/** A stored tensor that one node alone uses. */
function ownConstant(name: string, model: Model, index: ReturnType<typeof indexGraph>): Tensor | undefined {
  return name === '' || index.uses(name).length !== 1 || index.outputs.has(name) ? undefined : constantOf(name, model);
}

function removeConstant({ graph }: Model, name: string): void {
  graph.initializers.delete(name);
  // Files before IR version 4 list their weights as inputs too.
  graph.inputs = graph.inputs.filter((input) => input.name !== name);
  graph.nodes = graph.nodes.filter((node) => !(isOp(node, 'Constant') && node.outputs[0] === name));
}
