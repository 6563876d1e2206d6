// Which stored tensors linear layers multiply by, and how they lie: weights of Conv, ConvTranspose, Gemm and MatMul, also behind
// Reshape, Transpose and Cast, each once however many nodes share it. `prune.weights` puts zeros into them, refitting gives them
// new numbers; embeddings and biases neither touches. First convolutions and depthwise ones only when asked: few weights, each
// of which matters much (Zhu and Gupta 2017, section 4.2).

import { isOp, type Model, type Node, nodeLabel } from '../../ir/model';
import type { MatrixLayout, Transposition } from './layout';
import { type DenseLayer, findUses, type LinearUse, type LinearUses, readersOf } from './uses';

export { storedTensor, storeTensor } from './stored';
export type { DenseLayer } from './uses';

export interface LinearWeight {
  /** Initializer, or output of the Constant node that holds it. */
  readonly name: string;
  /** Nodes that multiply by it in the same layout, in topological order; never empty. */
  readonly nodes: readonly [Node, ...Node[]];
  readonly layout: MatrixLayout;
  /** Between the stored tensor and the nodes, the one nearest to the tensor first. */
  readonly transpositions: readonly Transposition[];
}

export interface FoundWeights {
  /** In topological order of their first nodes. */
  readonly weights: readonly LinearWeight[];
  readonly dense: readonly DenseLayer[];
}

interface Choice {
  readonly isIgnored: (node: Node) => boolean;
  /** Also first and depthwise convolutions. */
  readonly everyLayer: boolean;
  /** Neighbours of an N:M pattern; the input channels of a layer must be a multiple. */
  readonly group?: number;
}

export async function findWeights(model: Model, choice: Choice): Promise<FoundWeights> {
  const search = await findUses(model);
  const dense = [...search.dense];
  const weights: LinearWeight[] = [];
  for (const [name, found] of search.uses) {
    const why = found.some(({ node }) => choice.isIgnored(node)) ? 'why.ignored' : refusalOf(name, found, search, choice);
    if (why === undefined) weights.push(weightOf(name, found));
    else dense.push(...found.map(({ node }) => ({ node, why })));
  }
  return { weights, dense: inOrder(dense, search) };
}

/** Layers in the order of their nodes in the graph. */
export function inOrder(layers: readonly DenseLayer[], { order }: Pick<LinearUses, 'order'>): DenseLayer[] {
  const place = new Map(order.map((node, index) => [node, index]));
  return [...layers].sort((one, other) => (place.get(one.node) ?? 0) - (place.get(other.node) ?? 0));
}

/** Why a tensor must keep its numbers although linear layers multiply by it. */
function refusalOf(name: string, uses: readonly LinearUse[], { index }: LinearUses, { everyLayer, group }: Choice): DenseLayer['why'] | undefined {
  const linear = new Set(uses.map(({ node }) => node));
  const others = readersOf(name, index).filter((node) => node === undefined || !linear.has(node));
  if (others.some((node) => node === undefined || !isOp(node, 'Gather'))) return 'why.usedOtherwise';
  if (others.length > 0) return 'why.embedding';
  if (!everyLayer && uses.some(isSpared)) return 'why.firstOrDepthwise';
  const [first] = uses;
  if (group !== undefined && first !== undefined && first.layout.channels % group !== 0) return 'why.patternChannels';
  return undefined;
}

function isSpared({ node, layout, isFirst }: LinearUse): boolean {
  return isOp(node, 'Conv', 'ConvTranspose') && (isFirst || (layout.groups > 1 && layout.channels === 1));
}

/** Nodes that see the weight in another layout than the first are served by its zeros too, but have no say in them. */
function weightOf(name: string, [first, ...rest]: readonly [LinearUse, ...LinearUse[]]): LinearWeight {
  const key = (use: LinearUse): string => JSON.stringify([use.layout, use.transpositions]);
  const alike = rest.filter((use) => key(use) === key(first));
  return { name, nodes: [first.node, ...alike.map(({ node }) => node)], layout: first.layout, transpositions: first.transpositions };
}

/** What messages call the layers of a weight. */
export function labelOf({ nodes: [first] }: LinearWeight): string {
  return nodeLabel(first);
}
