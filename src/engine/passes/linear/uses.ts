// Every use of a stored tensor as the matrix of a linear node, also behind Reshape, Transpose and Cast, and who else reads it.
// Which of them a pass touches is its own choice (`findWeights.ts`, `decompose/surgery/layers.ts`).

import { type Constants, constantsOf } from '../../analysis/constants';
import { intAttribute, intsAttribute } from '../../ir/attributes';
import { type DataType, isFloat } from '../../ir/dataTypes';
import { type GraphIndex, indexGraph, topologicalOrder } from '../../ir/graphIndex';
import { isOp, type Model, type Node } from '../../ir/model';
import { fixed, inferShapes, type ShapeMap } from '../../ir/shapes/index';
import type { FormCode } from '../../../protocol/text/index';
import { layoutOf, type MatrixLayout, type Transposition } from './layout';
import { storedTensor } from './stored';

export interface LinearUse {
  readonly node: Node;
  /** Initializer, or output of the Constant node that holds it. */
  readonly leaf: string;
  readonly layout: MatrixLayout;
  /** Between the stored tensor and the node, the one nearest to the tensor first. */
  readonly transpositions: readonly Transposition[];
  /** No layer with weights is before it. */
  readonly isFirst: boolean;
}

/** A layer with weights that stay as they are, and why. */
export interface DenseLayer {
  readonly node: Node;
  readonly why: Extract<FormCode, `why.${string}`>;
}

export interface LinearUses {
  /** By stored tensor; those of a tensor in topological order, and tensors in that of their first uses. */
  readonly uses: ReadonlyMap<string, readonly [LinearUse, ...LinearUse[]]>;
  /** Linear nodes without a stored matrix; not those that multiply activations. */
  readonly dense: readonly DenseLayer[];
  /** Nodes of the graph, makers before readers. */
  readonly order: readonly Node[];
  readonly index: GraphIndex;
  readonly shapes: ShapeMap;
}

/** Types whose numbers can be read and written here. */
const types: ReadonlySet<DataType> = new Set<DataType>(['float32', 'float16', 'float64']);

/** @param embeddings also Gather along axis 0 of a table [entries, width]: a product with a row that is one in one place. */
export async function findUses(model: Model, { embeddings = false } = {}): Promise<LinearUses> {
  const { graph } = model;
  const order = topologicalOrder(graph);
  const search: Search = { index: indexGraph(graph), shapes: await inferShapes(model), constants: constantsOf(graph, order), model };
  const dense: DenseLayer[] = [];
  const uses = new Map<string, [LinearUse, ...LinearUse[]]>();
  /** Tensors behind a layer with weights. */
  const behind = new Set<string>();
  for (const node of order) {
    if (search.constants.nodes.has(node)) continue;
    const isFirst = !node.inputs.some((input) => behind.has(input));
    const found = isOp(node, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul') || (embeddings && isLookup(node, search)) ? useOf(node, isFirst, search) : undefined;
    if (!isFirst || found !== undefined) for (const output of node.outputs) behind.add(output);
    if (found === undefined) continue;
    if ('why' in found) dense.push(found);
    else if (uses.get(found.leaf)?.push(found) === undefined) uses.set(found.leaf, [found]);
  }
  return { uses, dense, order, index: search.index, shapes: search.shapes };
}

interface Search {
  readonly model: Model;
  readonly index: GraphIndex;
  readonly shapes: ShapeMap;
  readonly constants: Constants;
}

/** Position of the matrix among the inputs of a linear node. */
export function weightPosition(node: Node): 0 | 1 {
  return isOp(node, 'Gather') ? 0 : 1;
}

function isLookup(node: Node, { constants, shapes }: Search): boolean {
  const [table = ''] = node.inputs;
  const { type, shape } = shapes.tensors.get(table) ?? {};
  return isOp(node, 'Gather') && intAttribute(node, 'axis', 0) === 0 && constants.has(table)
    && shape?.length === 2 && type !== undefined && isFloat(type);
}

/** What a linear node multiplies by; undefined where it has no weights of its own (attention multiplies activations). */
function useOf(node: Node, isFirst: boolean, { shapes, constants, index, model }: Search): LinearUse | DenseLayer | undefined {
  const weight = node.inputs[weightPosition(node)] ?? '';
  if (!constants.has(weight)) {
    if (!constants.has(node.inputs[0] ?? '')) return isOp(node, 'Conv', 'ConvTranspose') ? { node, why: 'why.weightNotConstant' } : undefined;
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

/** Nodes that read a tensor, through views; undefined where it leaves the graph. What only asks its shape does not count. */
export function readersOf(name: string, index: GraphIndex): (Node | undefined)[] {
  const readers: (Node | undefined)[] = index.outputs.has(name) ? [undefined] : [];
  for (const { node, input } of index.uses(name)) {
    if (isOp(node, 'Shape', 'Size')) continue;
    if (isView(node) && input === 0) readers.push(...readersOf(node.outputs[0] ?? '', index));
    else readers.push(node);
  }
  return readers;
}
