// Puts factors in the place of a layer: every node that shares the weight becomes a row of nodes, and all these rows read the
// same stored factors. Name, bias and output of a node stay with the last of its row. How good the factors are is not asked here.

import { int } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { dropUnread } from '../../../ir/edit/index';
import { type GraphIndex, indexGraph } from '../../../ir/graphIndex';
import { type Attribute, isOp, type Model, type Node, nodeLabel } from '../../../ir/model';
import { FREE_INITIALIZERS_IR } from '../../cleanup/graphEditor';
import { weightPosition } from '../../linear/uses';
import type { Factor } from '../factors';
import { convolutionAttributes, convolutionOp, shareAxes } from './convolution';
import { type DecomposableLayer, isConvolution } from './layers';
import { type StoredFactors, storeFactors } from './storedFactors';

export interface Replacement {
  /** First outputs of the nodes that were added, each with the first output of the node in whose place it is. */
  readonly added: ReadonlyMap<string, string>;
}

/**
 * Lets factors do what a layer did, in every node that has its weight. Strides, pads, dilations, bias, alpha and beta stay in effect.
 *
 * @param model a clone, edited in place; other layers of it may have been replaced since `layer` was found.
 * @param factors of each group in the order of the groups, alike in shape; at least two, from `layer.shape.inputs` to `layer.shape.outputs`.
 * @throws EngineError `factorsNotFinite` for numbers that do not fit into the type of the stored weight. Error for factors that do
 *   not fit the layer, a mistake of the caller. The model is as it was then.
 */
export function replaceLayer(model: Model, layer: DecomposableLayer, factors: readonly (readonly Factor[])[]): Replacement {
  requireFit(layer, factors);
  const { graph } = model;
  const index = indexGraph(graph);
  const stored = storeFactors(model, layer, factors, index);
  const outputs = new Set(layer.nodes.map((node) => node.outputs[0]));
  const replaced = graph.nodes.filter((node) => outputs.has(node.outputs[0]));
  const rows = new Map(replaced.map((node) => [node, rowFor(node, linksOf(node, layer, factors[0] ?? [], stored), index)]));
  graph.nodes = graph.nodes.flatMap((node) => [...(node === replaced[0] ? stored.nodes : []), ...(rows.get(node) ?? [node])]);
  // Before IR 4 every weight was listed as an input.
  model.irVersion = Math.max(model.irVersion, FREE_INITIALIZERS_IR);
  graph.inputs = graph.inputs.filter(({ name }) => name !== layer.weight.name);
  dropUnread(graph, replaced.map((node) => node.inputs[weightPosition(node)] ?? ''));
  const added = [...rows].flatMap(([node, row]) => row.slice(0, -1).map((one): [string, string] => [outputOf(one), outputOf(node)]));
  return { added: new Map([...stored.nodes.map((node): [string, string] => [outputOf(node), layer.id]), ...added]) };
}

function requireFit({ id, groups, shape }: DecomposableLayer, factors: readonly (readonly Factor[])[]): void {
  const look = (parts: readonly Factor[]): string => JSON.stringify(parts.map(({ kernel: { data, ...own }, ...rest }) => [own, rest, data.length]));
  const [parts = []] = factors;
  const fits = parts.length > 1 && parts[0]?.kernel.inputs === shape.inputs && parts.at(-1)?.kernel.outputs === shape.outputs && shareAxes(parts, shape);
  if (factors.length !== groups || !fits || factors.some((own) => look(own) !== look(parts))) throw new Error(`These factors do not fit layer ${id}.`);
}

/** A factor as a node, without its names. */
interface Link {
  readonly op: string;
  readonly weight: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

function linksOf(node: Node, layer: DecomposableLayer, factors: readonly Factor[], stored: StoredFactors): Link[] {
  if (isConvolution(layer)) {
    return factors.map((factor, position) => ({ op: convolutionOp(layer, factor), weight: stored.read(position), attributes: convolutionAttributes(node, layer.groups, factor) }));
  }
  // x (A B) is (x A) B, and x (A B)ᵀ is (x Bᵀ) Aᵀ.
  const isTurned = layer.turned.has(outputOf(node));
  const positions = isTurned ? [...factors.keys()].reverse() : [...factors.keys()];
  return positions.map((position, place): Link => {
    if (isOp(node, 'Gather') && place === 0) return { op: 'Gather', weight: stored.read(position, isTurned), attributes: Object.fromEntries(node.attributes) };
    const isLast = place === positions.length - 1;
    return isLast && isOp(node, 'Gemm')
      ? { op: 'Gemm', weight: stored.read(position), attributes: gemmAttributes(node, isTurned) }
      : { op: 'MatMul', weight: stored.read(position, isTurned), attributes: {} };
  });
}

/** alpha, which scales the product, and beta stay with the node that adds the bias. */
function gemmAttributes(node: Node, isTurned: boolean): Record<string, Attribute> {
  const attributes = new Map(node.attributes);
  attributes.delete('transB');
  if (isTurned) attributes.set('transB', int(1));
  return Object.fromEntries(attributes);
}

function rowFor(node: Node, links: readonly Link[], index: GraphIndex): Node[] {
  let value = node.inputs[1 - weightPosition(node)] ?? '';
  return links.map(({ op, weight, attributes }, position) => {
    const inputs = op === 'Gather' ? [weight, value] : [value, weight];
    if (position === links.length - 1) {
      const last = makeNode(op, [...inputs, ...node.inputs.slice(2)], node.outputs, attributes, { name: node.name });
      return { ...last, docString: node.docString, metadata: node.metadata };
    }
    const name = index.uniqueName(`${nodeLabel(node)}/factor${position + 1}`);
    value = index.uniqueName(`${name}/output`);
    return makeNode(op, inputs, [value], attributes, { name });
  });
}

function outputOf(node: Node): string {
  return node.outputs[0] ?? '';
}
