// Which stored tensors linear layers multiply by, and how they lie: weights of Conv, ConvTranspose, Gemm and MatMul, also behind
// Reshape, Transpose and Cast, each once however many nodes share it. `prune.weights` puts zeros into them, refitting gives them
// new numbers; embeddings and biases neither touches. First convolutions and depthwise ones only when asked: few weights, each
// of which matters much (Zhu and Gupta 2017, section 4.2).

import { constantsOf } from '../../analysis/constants';
import { intsAttribute, tensorAttribute } from '../../ir/attributes';
import type { DataType } from '../../ir/dataTypes';
import { type GraphIndex, indexGraph, topologicalOrder } from '../../ir/graphIndex';
import { isOp, type Model, type Node, nodeLabel, type Tensor } from '../../ir/model';
import { fixed, inferShapes, type ShapeMap } from '../../ir/shapes/index';
import type { FormCode } from '../../../protocol/text/index';
import { layoutOf, type MatrixLayout, type Transposition } from './layout';

export interface LinearWeight {
  /** Initializer, or output of the Constant node that holds it. */
  readonly name: string;
  /** Nodes that multiply by it in the same layout, in topological order; never empty. */
  readonly nodes: readonly [Node, ...Node[]];
  readonly layout: MatrixLayout;
  /** Between the stored tensor and the nodes, the one nearest to the tensor first. */
  readonly transpositions: readonly Transposition[];
}

/** A layer with weights that stay as they are, and why. */
export interface DenseLayer {
  readonly node: Node;
  readonly why: Extract<FormCode, `why.${string}`>;
}

export interface FoundWeights {
  /** In topological order of their first nodes. */
  readonly weights: readonly LinearWeight[];
  readonly dense: readonly DenseLayer[];
}

/** Types whose numbers can be read and written here. */
const types: ReadonlySet<DataType> = new Set<DataType>(['float32', 'float16', 'float64']);

interface Choice {
  readonly isIgnored: (node: Node) => boolean;
  /** Also first and depthwise convolutions. */
  readonly everyLayer: boolean;
  /** Neighbours of an N:M pattern; the input channels of a layer must be a multiple. */
  readonly group?: number;
}

export async function findWeights(model: Model, choice: Choice): Promise<FoundWeights> {
  const { graph } = model;
  const order = topologicalOrder(graph);
  const search: Search = { index: indexGraph(graph), shapes: await inferShapes(model), constants: constantsOf(graph, order), model };
  const dense: DenseLayer[] = [];
  const uses = new Map<string, Use[]>();
  /** Tensors behind a layer with weights. */
  const behind = new Set<string>();
  for (const node of order) {
    if (search.constants.nodes.has(node)) continue;
    const isFirst = !node.inputs.some((input) => behind.has(input));
    const found = isOp(node, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul') ? useOf(node, isFirst, search) : undefined;
    if (!isFirst || found !== undefined) for (const output of node.outputs) behind.add(output);
    if (found === undefined) continue;
    if ('why' in found) dense.push(found);
    else uses.set(found.leaf, [...(uses.get(found.leaf) ?? []), found]);
  }
  const weights: LinearWeight[] = [];
  for (const [name, found] of uses) {
    const why = found.some(({ node }) => choice.isIgnored(node)) ? 'why.ignored' : refusalOf(name, found, search, choice);
    if (why === undefined) weights.push(weightOf(name, found));
    else dense.push(...found.map(({ node }) => ({ node, why })));
  }
  const place = new Map(order.map((node, index) => [node, index]));
  dense.sort((one, other) => (place.get(one.node) ?? 0) - (place.get(other.node) ?? 0));
  return { weights, dense };
}

/** The stored tensor of a weight: an initializer or the value of a Constant node. */
export function storedTensor(model: Model, name: string): Tensor | undefined {
  return model.graph.initializers.get(name) ?? constantValue(constantNode(model, name));
}

/** Puts a tensor of the same type and shape in the place of another, in place. */
export function storeTensor(model: Model, name: string, tensor: Tensor): void {
  if (model.graph.initializers.has(name)) model.graph.initializers.set(name, tensor);
  else constantNode(model, name)?.attributes.set('value', { kind: 'tensor', value: tensor });
}

function constantNode({ graph }: Model, name: string): Node | undefined {
  return graph.nodes.find((node) => isOp(node, 'Constant') && node.outputs[0] === name);
}

function constantValue(node: Node | undefined): Tensor | undefined {
  return node === undefined ? undefined : tensorAttribute(node, 'value');
}

interface Search {
  readonly model: Model;
  readonly index: GraphIndex;
  readonly shapes: ShapeMap;
  readonly constants: ReturnType<typeof constantsOf>;
}

interface Use {
  readonly node: Node;
  readonly leaf: string;
  readonly layout: MatrixLayout;
  readonly transpositions: readonly Transposition[];
  /** No layer with weights is before it. */
  readonly isFirst: boolean;
}

/** What a linear node multiplies by; undefined where it has no weights of its own (attention multiplies activations). */
function useOf(node: Node, isFirst: boolean, { shapes, constants, index, model }: Search): Use | DenseLayer | undefined {
  const [left = '', weight = ''] = node.inputs;
  if (!constants.has(weight)) {
    if (!constants.has(left)) return isOp(node, 'Conv', 'ConvTranspose') ? { node, why: 'why.weightNotConstant' } : undefined;
    return { node, why: 'why.leftWeight' };
  }
  const dims = fixed(shapes.tensors.get(weight)?.shape);
  if (dims === undefined) return { node, why: 'why.weightComputed' };
  const transpositions: Transposition[] = [];
  let leaf = weight;
  for (let maker = index.producer.get(leaf); maker !== undefined && !isOp(maker, 'Constant'); maker = index.producer.get(leaf)) {
    if (!isView(maker)) return { node, why: 'why.weightComputed' };
    leaf = maker.inputs[0] ?? '';
    if (!isOp(maker, 'Transpose')) continue;
    const before = fixed(shapes.tensors.get(leaf)?.shape) ?? [];
    transpositions.unshift({ dims: before, perm: intsAttribute(maker, 'perm') ?? before.map((_, axis) => before.length - 1 - axis) });
  }
  const tensor = storedTensor(model, leaf);
  if (tensor === undefined) return { node, why: 'why.weightComputed' };
  if (!types.has(tensor.type)) return { node, why: 'why.weightType' };
  const layout = layoutOf(node, dims);
  return layout === undefined ? { node, why: 'why.weightRank' } : { node, leaf, layout, transpositions, isFirst };
}

/** Hands the numbers on as they are, in another shape, order or type. */
function isView(node: Node): boolean {
  return isOp(node, 'Reshape', 'Transpose', 'Cast', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten');
}

/** Why a tensor must keep its numbers although linear layers multiply by it. */
function refusalOf(name: string, uses: readonly Use[], { index }: Search, { everyLayer, group }: Choice): DenseLayer['why'] | undefined {
  const linear = new Set(uses.map(({ node }) => node));
  const others = readersOf(name, index).filter((node) => node === undefined || !linear.has(node));
  if (others.some((node) => node === undefined || !isOp(node, 'Gather'))) return 'why.usedOtherwise';
  if (others.length > 0) return 'why.embedding';
  if (!everyLayer && uses.some(isSpared)) return 'why.firstOrDepthwise';
  const [first] = uses;
  if (group !== undefined && first !== undefined && first.layout.channels % group !== 0) return 'why.patternChannels';
  return undefined;
}

function isSpared({ node, layout, isFirst }: Use): boolean {
  return isOp(node, 'Conv', 'ConvTranspose') && (isFirst || (layout.groups > 1 && layout.channels === 1));
}

/** Nodes that read a tensor, through views; undefined where it leaves the graph. What only asks its shape does not count. */
function readersOf(name: string, index: GraphIndex): (Node | undefined)[] {
  const readers: (Node | undefined)[] = index.outputs.has(name) ? [undefined] : [];
  for (const { node, input } of index.uses(name)) {
    if (isOp(node, 'Shape', 'Size')) continue;
    if (isView(node) && input === 0) readers.push(...readersOf(node.outputs[0] ?? '', index));
    else readers.push(node);
  }
  return readers;
}

/** Nodes that see the weight in another layout than the first are served by its zeros too, but have no say in them. */
function weightOf(name: string, uses: readonly Use[]): LinearWeight {
  const [first, ...rest] = uses as readonly [Use, ...Use[]];
  const key = (use: Use): string => JSON.stringify([use.layout, use.transpositions]);
  const alike = rest.filter((use) => key(use) === key(first));
  return { name, nodes: [first.node, ...alike.map(({ node }) => node)], layout: first.layout, transpositions: first.transpositions };
}

/** What messages call the layers of a weight. */
export function labelOf({ nodes: [first] }: LinearWeight): string {
  return nodeLabel(first);
}
