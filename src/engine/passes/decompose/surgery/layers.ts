// Which layers can be decomposed: the stored matrix or kernels they multiply by, all nodes that share these, and their numbers.
// Whether a method takes their shape is the method's to say, whether they gain by it the measurement's.

import { isLinear } from '../../../analysis/layerRoles';
import { intAttribute } from '../../../ir/attributes';
import type { DataType } from '../../../ir/dataTypes';
import { elementCount, isDefaultDomain, isOp, type Model, type Node, nodeLabel } from '../../../ir/model';
import { EngineError } from '../../../error';
import { inOrder, type LinearWeight, storedTensor } from '../../linear/findWeights';
import { matrixPositions, readMatrix } from '../../linear/matrixValues';
import { type DenseLayer, findUses, type LinearUse, type LinearUses, readersOf, weightPosition } from '../../linear/uses';
import { isQuantizedOperator } from '../../quantize/quantized';
import type { Kernel } from '../factors';
import type { KernelShape } from '../methods/method';

/** `embedding`: at least one of the nodes looks rows up; others may multiply by the same table, turned around (tied output layer). */
export type LayerKind = 'conv' | 'convTranspose' | 'matrix' | 'embedding';

export interface DecomposableLayer {
  /** First output of the first node. */
  readonly id: string;
  /** All nodes that share the weight, in topological order. */
  readonly nodes: readonly [Node, ...Node[]];
  readonly kind: LayerKind;
  readonly groups: number;
  /**
   * Of one group. Taps in the order in which they meet the input: those of a ConvTranspose are turned around, as the convolution
   * over its spread input sees them. An embedding has its entries as inputs, as a matrix behind one-hot rows.
   */
  readonly shape: KernelShape;
  /** The stored tensor as the nodes see it that are not in `turned`. */
  readonly weight: LinearWeight;
  /** First outputs of nodes that multiply by the transposed matrix. */
  readonly turned: ReadonlySet<string>;
  /** Type that the nodes compute in; the stored tensor may have another behind a Cast. */
  readonly type: DataType;
}

export interface Decomposable {
  /** In topological order of their first nodes. */
  readonly layers: readonly DecomposableLayer[];
  /** In topological order. Nodes that hold no weights are in neither. */
  readonly refused: readonly DenseLayer[];
}

export function isConvolution({ kind }: Pick<DecomposableLayer, 'kind'>): boolean {
  return kind === 'conv' || kind === 'convTranspose';
}

/**
 * Layers of the main graph with a stored weight in float32, float16 or float64: Conv, ConvTranspose, Gemm, MatMul and Gather along
 * axis 0 of a table. Nodes in subgraphs are not looked at; what they share with the main graph is refused.
 *
 * @param isIgnored a layer is left alone when any of its nodes is.
 */
export async function findDecomposable(model: Model, isIgnored: (node: Node) => boolean): Promise<Decomposable> {
  const search = await findUses(model, { embeddings: true });
  const refused = [...search.dense.map((layer) => named(layer, search)), ...foreign(search)];
  const layers: DecomposableLayer[] = [];
  for (const [name, found] of search.uses) {
    const layer = found.some(({ node }) => isIgnored(node)) ? 'why.ignored' : layerOf(name, found, search);
    if (typeof layer === 'string') refused.push(...found.map(({ node }) => ({ node, why: layer })));
    else layers.push(layer);
  }
  return { layers, refused: inOrder(refused, search) };
}

/**
 * The weight of a layer in float64, one kernel a group: row-major [outputs, inputs, ...kernel] of `layer.shape`.
 *
 * @throws EngineError `weightsNotFinite`; `tensorSizeMismatch` when bytes and shape disagree. Error when the layer is not in the
 *   model (any more), a mistake of the caller.
 */
export async function readKernels(model: Model, { weight, shape, groups, nodes: [first] }: DecomposableLayer): Promise<readonly Kernel[]> {
  const tensor = storedTensor(model, weight.name);
  if (tensor === undefined) throw new Error(`no tensor ${weight.name}`);
  const matrix = await readMatrix(tensor, weight);
  if (!matrix.every(Number.isFinite)) throw new EngineError('weightsNotFinite', { layer: nodeLabel(first) }, { node: nodeLabel(first) });
  const size = matrix.length / groups;
  return Array.from({ length: groups }, (_, group) => ({ ...shape, data: tapsFastest(matrix.subarray(group * size, (group + 1) * size), shape) }));
}

/** From columns with channels fastest, as sums over activations have them, to columns with taps fastest, as kernels are stored. */
function tapsFastest(matrix: Float64Array, { outputs, inputs, kernel }: KernelShape): Float64Array {
  const taps = elementCount(kernel);
  if (taps === 1) return matrix;
  const data = new Float64Array(matrix.length);
  let at = 0;
  for (let output = 0; output < outputs; output += 1) {
    for (let input = 0; input < inputs; input += 1) {
      for (let tap = 0; tap < taps; tap += 1) data[at++] = matrix[(output * taps + tap) * inputs + input] as number;
    }
  }
  return data;
}

// ── what speaks against it ───────────────────────────────────────────────────────────────────────────────────────────

/** Weights behind DequantizeLinear are said to be quantized, not computed. */
function named({ node, why }: DenseLayer, { index }: LinearUses): DenseLayer {
  const maker = index.producer.get(node.inputs[weightPosition(node)] ?? '');
  return { node, why: maker !== undefined && isQuantizedOperator(maker) ? 'why.quantizedWeight' : why };
}

/** Linear layers in operators of other domains or on integers. */
function foreign({ order }: LinearUses): DenseLayer[] {
  return order.flatMap((node): DenseLayer[] => {
    if (isOp(node, 'QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear')) return [];
    if (isQuantizedOperator(node)) return [{ node, why: 'why.quantizedWeight' }];
    return isLinear(node) && !isDefaultDomain(node.domain) ? [{ node, why: 'why.fusedOperator' }] : [];
  });
}

function layerOf(name: string, uses: readonly [LinearUse, ...LinearUse[]], { index, shapes }: LinearUses): DecomposableLayer | DenseLayer['why'] {
  const linear = new Set<Node | undefined>(uses.map(({ node }) => node));
  if (!readersOf(name, index).every((reader) => linear.has(reader))) return 'why.usedOtherwise';
  const stated = uses.map(({ node }) => refusalOf(node)).find((why) => why !== undefined);
  if (stated !== undefined) return stated;
  // Factors of a table are stored the way it is looked up in.
  const lead = uses.find(({ node }) => isOp(node, 'Gather')) ?? uses[0];
  const orientations = uses.map((use) => orientationOf(use, lead));
  const [type = 'float32', ...types] = new Set(uses.map(({ node }) => shapes.tensors.get(node.inputs[weightPosition(node)] ?? '')?.type));
  if (orientations.includes('other') || types.length > 0) return 'why.sharedUnlike';
  const { groups, rows, channels, kernel } = lead.layout;
  if (![groups, rows, channels, ...kernel].every((length) => Number.isInteger(length) && length > 0)) return 'why.weightRank';
  const [first, ...rest] = uses.map(({ node }) => node) as [Node, ...Node[]];
  const along = uses.flatMap(({ node }, at) => (orientations[at] === 'same' ? [node] : [])) as [Node, ...Node[]];
  return {
    id: first.outputs[0] ?? '', nodes: [first, ...rest], kind: kindOf(lead.node), groups, shape: { outputs: rows, inputs: channels, kernel },
    weight: { name, nodes: along, layout: lead.layout, transpositions: lead.transpositions },
    turned: new Set(uses.flatMap(({ node }, at) => (orientations[at] === 'turned' ? [node.outputs[0] ?? ''] : []))),
    type,
  };
}

/** Attributes that several layers in a row cannot share out. */
function refusalOf(node: Node): DenseLayer['why'] | undefined {
  if (isOp(node, 'Gemm') && intAttribute(node, 'transA', 0) !== 0) return 'why.transposedInput';
  if (isOp(node, 'ConvTranspose') && node.attributes.has('output_shape')) return 'why.outputShape';
  return undefined;
}

function kindOf(node: Node): LayerKind {
  if (isOp(node, 'Conv')) return 'conv';
  if (isOp(node, 'ConvTranspose')) return 'convTranspose';
  return isOp(node, 'Gather') ? 'embedding' : 'matrix';
}

/** How a use reads the stored numbers, beside another one. */
function orientationOf(use: LinearUse, lead: LinearUse): 'same' | 'turned' | 'other' {
  const isMatrix = ({ node }: LinearUse): boolean => !isOp(node, 'Conv', 'ConvTranspose');
  if (!isMatrix(use) || !isMatrix(lead)) {
    const key = ({ node, layout, transpositions }: LinearUse): string => JSON.stringify([node.opType, layout, transpositions]);
    return key(use) === key(lead) ? 'same' : 'other';
  }
  const [own, its] = [matrixPositions(use), matrixPositions(lead)];
  if (use.layout.rows === lead.layout.rows && own.every((position, at) => position === its[at])) return 'same';
  const { rows, channels } = use.layout;
  const isTurned = rows === lead.layout.channels && own.every((position, at) => position === its[(at % channels) * rows + Math.floor(at / channels)]);
  return isTurned ? 'turned' : 'other';
}
