// Convolutions of a training graph in onnxruntime's blocked channel layout. onnxruntime does this itself where weights are
// initializers; in training they are computed, so the same operators (domain com.microsoft.nchwc, CPU only) are written
// here, with the weights' reordering as nodes. Not part of any saved model; other providers get the graph as it was.

import { int, intAttribute } from '../ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../ir/build';
import { isOp, type Model, type Node } from '../ir/model';
import { fixed, inferShapes, type ShapeMap } from '../ir/shapes/index';
import type { Runtime } from '../ports';
import { GraphBuilder } from './graphBuilder';

const DOMAIN = 'com.microsoft.nchwc';
/** ReorderInput copies channels in groups of four (onnxruntime, nchwc_transformer.cc: channel_alignment). */
const ALIGNMENT = 4;
/** Channels are filled up to whole blocks; above this much more work the plain kernel is as fast. */
const MOST_FILLING = 1.4;

/**
 * Channels in a block of this machine's kernels: 16 with AVX-512, 8 with AVX, undefined where there are no such kernels.
 * Read off where ReorderInput puts the second pixel of the first channel.
 */
export async function channelBlock(runtime: Runtime): Promise<number | undefined> {
  const channels = 32;
  const graph = makeGraph({
    nodes: [makeNode('ReorderInput', ['x'], ['y'], {}, { domain: DOMAIN })],
    inputs: [makeValue('x', 'float32', [1, channels, 1, 2])],
    outputs: [makeValue('y', 'float32', null)],
  });
  let session;
  try {
    session = await runtime.createSession(makeModel(graph, { '': 21, [DOMAIN]: 1 }), { threads: 1 });
  } catch {
    // A build of onnxruntime without these operators: the plain graph runs there.
    return undefined;
  }
  try {
    const x = Float32Array.from({ length: channels * 2 }, (_, index) => index);
    const y = (await session.run({ x: { type: 'float32', dims: [1, channels, 1, 2], data: x } }))['y'];
    const block = y === undefined ? -1 : (y.data as Float32Array).indexOf(1);
    return block === 8 || block === 16 ? block : undefined;
  } finally {
    await session.release();
  }
}

/** A training graph as it runs fastest on a provider. */
export async function forProvider(runtime: Runtime, model: Model, provider: string): Promise<Model> {
  if (provider !== 'cpu' || !model.graph.nodes.some((node) => isOp(node, 'Conv'))) return model;
  const block = await channelBlock(runtime);
  return block === undefined ? model : blockConvolutions(model, block);
}

/** The same graph with the convolutions that gain from it in blocks of `block` channels. Shapes must be concrete. */
export async function blockConvolutions(model: Model, block: number): Promise<Model> {
  const shapes = await inferShapes(model);
  const graph = { ...model.graph, initializers: new Map(model.graph.initializers) };
  const build = new GraphBuilder(graph);
  const nodes: Node[] = [];
  for (const node of model.graph.nodes) {
    const plan = planOf(node, shapes, model, block);
    if (plan === undefined) nodes.push(node);
    else build.collect(nodes, () => { write(build, node, plan, block); });
  }
  const opsets = new Map(model.opsets).set(DOMAIN, 1);
  return { ...model, opsets, graph: { ...graph, nodes } };
}

interface Plan {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  /** One filter a channel. */
  readonly depthwise: boolean;
}

/** What to write for a node, undefined where the plain kernel stays. */
function planOf(node: Node, shapes: ShapeMap, model: Model, block: number): Plan | undefined {
  if (!isOp(node, 'Conv') || model.graph.initializers.has(node.inputs[1] ?? '')) return undefined;
  const known = shapes.tensors.get(node.inputs[1] ?? '');
  const shape = fixed(known?.shape);
  if (known?.type !== 'float32' || shape?.length !== 4) return undefined;
  const [filters = 0, perGroup = 0, height = 0, width = 0] = shape;
  const group = intAttribute(node, 'group', 1);
  const depthwise = group > 1 && group === filters && perGroup === 1;
  // 1 x 1 is one matrix product in either layout.
  if ((group !== 1 && !depthwise) || height * width === 1 || filters % block !== 0) return undefined;
  const plan: Plan = { channels: perGroup, filters, kernel: [height, width], depthwise };
  if (depthwise) return plan;
  return perGroup % ALIGNMENT === 0 && perGroup >= block && whole(perGroup, block) <= MOST_FILLING * perGroup ? plan : undefined;
}

const whole = (channels: number, block: number): number => Math.ceil(channels / block) * block;

function write(build: GraphBuilder, node: Node, plan: Plan, block: number): void {
  const [x = '', weights = '', bias] = node.inputs;
  const reordered = plan.depthwise ? depthwiseWeights(build, weights, plan, block) : denseWeights(build, weights, plan, block);
  const blocked = build.node('ReorderInput', [x], {}, DOMAIN);
  const y = build.node('Conv', [blocked, reordered, ...(bias === undefined || bias === '' ? [] : [bias])], Object.fromEntries(node.attributes), DOMAIN);
  build.named('ReorderOutput', [y], node.outputs, { channels: int(plan.filters) }, DOMAIN);
}

/** MlasReorderFilterOIHWBiBo: [filters / block, channels / block, height, width, channel in block, filter in block]. */
function denseWeights(build: GraphBuilder, weights: string, { channels, filters, kernel }: Plan, block: number): string {
  const filled = whole(channels, block);
  const padded = filled === channels ? weights : build.node('Pad', [weights, build.ints([0, 0, 0, 0, 0, filled - channels, 0, 0])]);
  const apart = build.reshape(padded, [filters / block, block, filled / block, block, ...kernel]);
  return build.reshape(build.transpose(apart, [0, 2, 4, 5, 3, 1]), [filters, filled, ...kernel]);
}

/** MlasReorderFilterOIHWBo: [filters / block, 1, height, width, filter in block]. */
function depthwiseWeights(build: GraphBuilder, weights: string, { filters, kernel }: Plan, block: number): string {
  const apart = build.reshape(weights, [filters / block, block, 1, ...kernel]);
  return build.reshape(build.transpose(apart, [0, 2, 3, 4, 1]), [filters, 1, ...kernel]);
}
