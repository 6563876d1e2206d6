// Which layers get new weights after units before them were removed, in which order, and where what they add to every
// output is stored.

import { floatAttribute, intsAttribute } from '../../ir/attributes';
import { capturedTensors, type GraphIndex, indexGraph, topologicalOrder } from '../../ir/graphIndex';
import { elementCount, isOp, type Model, type Node } from '../../ir/model';
import { fixed, inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { tensorFrom } from '../../ir/tensors';
import { FREE_INITIALIZERS_IR } from '../cleanup/graphEditor';
import { findWeights, type LinearWeight, storedTensor } from '../linear/findWeights';
import { columnsOf, layoutOf, type MatrixLayout, MOST_COLUMNS, STAGE_BYTES } from '../linear/layout';
import { weightPosition } from '../linear/uses';
import { sparseTensors } from '../prune/weights/masks';

export interface RefitLayer {
  readonly weight: LinearWeight;
  /** Of the model after the cut. */
  readonly node: Node;
  /** What shifts the outputs; absent where nothing can. */
  readonly shift: Shift | undefined;
}

/** A stored tensor: the layer's own bias, what an Add behind it adds, or the mean that a BatchNormalization behind it takes off. */
export interface Shift {
  readonly name: string;
  readonly by: 'bias' | 'add' | 'mean';
}

export interface RefitLayers {
  /** Layers that do not depend on each other stand together, behind those they depend on. */
  readonly stages: readonly (readonly RefitLayer[])[];
  /** Layers that read fewer inputs and keep the weights they have. */
  readonly left: number;
}

/**
 * Layers of `cut` with fewer weights an output than in `original`. Those without a bias get one of zeros, in place. Weights
 * that a pass made sparse stay: a fit fills their zeros.
 */
export async function refitLayers(original: Model, cut: Model): Promise<RefitLayers> {
  const index = indexGraph(cut.graph);
  const sparse = new Set(sparseTensors(cut));
  const isNarrower = await narrowing(original, cut);
  const { weights, dense } = await findWeights(cut, { isIgnored: () => false, everyLayer: true });
  const found = weights.filter(({ nodes: [node] }) => isNarrower(node));
  const layers = found.flatMap((weight): RefitLayer[] => {
    const { name, layout, nodes: [node] } = weight;
    const isFit = !sparse.has(name) && isAlone(node.inputs[1] ?? '', name, index) && isPlain(node, layout) && columnsOf(layout) <= MOST_COLUMNS;
    return isFit ? [{ weight, node, shift: shiftOf(node, layout, cut, index) }] : [];
  });
  const all = [...found.flatMap(({ nodes }) => nodes), ...dense.map(({ node }) => node).filter(isNarrower)];
  return { stages: stagesOf(cut, layers), left: all.length - layers.length };
}

/** Whether a linear node of `cut` sums up fewer products for each of its outputs than in `original`. */
async function narrowing(original: Model, cut: Model): Promise<(node: Node) => boolean> {
  const [before, after] = [await inferShapes(original), await inferShapes(cut)];
  const twins = new Map(original.graph.nodes.map((node) => [node.outputs[0] ?? '', node]));
  return (node) => {
    const twin = twins.get(node.outputs[0] ?? '');
    return twin !== undefined && (productsOf(node, after) ?? Infinity) < (productsOf(twin, before) ?? 0);
  };
}

/** By the shape of the second factor, or of the table of an embedding, which has to be known; it need not be the stored one. */
function productsOf(node: Node, { tensors }: ShapeMap): number | undefined {
  const dims = fixed(tensors.get(node.inputs[weightPosition(node)] ?? '')?.shape);
  const layout = dims === undefined ? undefined : layoutOf(node, dims);
  // Products of activations, whose weights are the first factor, have batches before.
  return layout === undefined ? dims?.at(-2) : columnsOf(layout);
}

/** No other node reads the weight on its way from storage. */
function isAlone(seen: string, stored: string, index: GraphIndex): boolean {
  for (let name = seen; ; name = index.producer.get(name)?.inputs[0] ?? stored) {
    if (index.uses(name).length !== 1 || index.outputs.has(name)) return false;
    if (name === stored) return true;
  }
}

/** Whether outputs are weights times columns as `columnsGraph` makes these, place by place. */
function isPlain(node: Node, { kernel }: MatrixLayout): boolean {
  if (isOp(node, 'Gemm')) return floatAttribute(node, 'alpha', 1) === 1;
  if (!isOp(node, 'ConvTranspose')) return true;
  if (['auto_pad', 'output_shape'].some((name) => node.attributes.has(name))) return false;
  const dilations = intsAttribute(node, 'dilations') ?? [];
  const reach = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1));
  return (intsAttribute(node, 'pads') ?? []).every((pad, at) => pad <= (reach[at % kernel.length] ?? 0));
}

// ── shifts ───────────────────────────────────────────────────────────────────────────────────────────────────────

function shiftOf(node: Node, { groups, rows, kernel }: MatrixLayout, cut: Model, index: GraphIndex): Shift | undefined {
  /** A stored tensor of a number an output, `behind` axes of 1 behind them, that nothing else reads. */
  const isOwn = (name: string, behind = 0): boolean => {
    const tensor = storedTensor(cut, name);
    return tensor !== undefined && index.uses(name).length === 1 && !index.outputs.has(name)
      && tensor.dims.at(-1 - behind) === groups * rows && elementCount(tensor.dims) === groups * rows;
  };
  const own = node.inputs[2] ?? '';
  if (own !== '') return isOwn(own) && floatAttribute(node, 'beta', 1) === 1 ? { name: own, by: 'bias' } : undefined;
  const output = node.outputs[0] ?? '';
  const [reader, ...others] = index.uses(output);
  const next = others.length === 0 && !index.outputs.has(output) ? reader?.node : undefined;
  const mean = next?.inputs[3] ?? '';
  if (next !== undefined && isOp(next, 'BatchNormalization') && kernel.length > 0 && isOwn(mean)) return { name: mean, by: 'mean' };
  const added = next?.inputs.find((input) => input !== output) ?? '';
  if (next !== undefined && isOp(next, 'Add') && isOwn(added, kernel.length)) return { name: added, by: 'add' };
  return isOp(node, 'MatMul') ? undefined : { name: addBias(node, groups * rows, cut, index), by: 'bias' };
}

function addBias(node: Node, size: number, model: Model, index: GraphIndex): string {
  const { graph } = model;
  // Without an input of its name.
  model.irVersion = Math.max(model.irVersion, FREE_INITIALIZERS_IR);
  const name = index.uniqueName(`${node.outputs[0] ?? ''}/bias`);
  const type = graph.initializers.get(node.inputs[1] ?? '')?.type ?? 'float32';
  const data = type === 'float16' ? new Uint16Array(size) : type === 'float64' ? new Float64Array(size) : new Float32Array(size);
  graph.initializers.set(name, tensorFrom(name, { type, dims: [size], data }));
  node.inputs = [node.inputs[0] ?? '', node.inputs[1] ?? '', name];
  return name;
}

// ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────

function stagesOf({ graph }: Model, layers: readonly RefitLayer[]): RefitLayer[][] {
  const depths = depthsOf(graph.nodes, new Set(layers.map(({ node }) => node)));
  const stages: { readonly depth: number; readonly layers: RefitLayer[]; bytes: number }[] = [];
  for (const layer of [...layers].sort((one, other) => (depths.get(one.node) ?? 0) - (depths.get(other.node) ?? 0))) {
    const depth = depths.get(layer.node) ?? 0;
    const bytes = sumsOf(layer.weight.layout) * Float64Array.BYTES_PER_ELEMENT;
    const last = stages.at(-1);
    if (last?.depth === depth && last.bytes + bytes <= STAGE_BYTES) {
      last.layers.push(layer);
      last.bytes += bytes;
    } else stages.push({ depth, layers: [layer], bytes });
  }
  return stages.map((stage) => stage.layers);
}

function sumsOf(layout: MatrixLayout): number {
  return layout.groups * columnsOf(layout) * (columnsOf(layout) + layout.rows);
}

/** How many of the chosen nodes stand behind each other up to each of them. */
function depthsOf(nodes: readonly Node[], chosen: ReadonlySet<Node>): ReadonlyMap<Node, number> {
  const depths = new Map<string, number>();
  const found = new Map<Node, number>();
  for (const node of topologicalOrder({ nodes })) {
    const before = Math.max(0, ...[...node.inputs, ...capturedTensors(node)].map((name) => depths.get(name) ?? 0));
    const depth = before + (chosen.has(node) ? 1 : 0);
    if (chosen.has(node)) found.set(node, depth);
    for (const output of node.outputs) depths.set(output, depth);
  }
  return found;
}
