// Writes a plan into a graph (a clone, edited here): QuantizeLinear/DequantizeLinear pairs on activations, integer
// constants for layers, clamps folded, leftovers removed. A tensor made by a quantized node keeps its name as the output
// of DequantizeLinear, so that graph outputs, subgraphs and comparisons still find it.

import type { GraphIndex } from '../../ir/graphIndex';
import { type Node, isOp } from '../../ir/model';
import type { Affine } from './affine';
import { dropUnused } from '../../ir/edit/dropUnused';
import { activationInputs, type Role } from './operators';
import type { ParameterWriter } from './parameters';
import type { Plan, WeightLayer } from './plan';
import { type GraphScope, dequantizeNode, mapConstants, quantizeNode } from './scope';
import { withoutUnread } from './unread';

export interface Rewrite {
  readonly index: GraphIndex;
  readonly scope: GraphScope;
  readonly plan: Plan;
  /** The map of every tensor in `plan.activations`. */
  readonly maps: ReadonlyMap<string, Affine>;
  readonly parameters: ParameterWriter;
  /** Origins by first output, of the graph before. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  /** Called before each layer. */
  onLayer(layer: WeightLayer, done: number): void;
}

/** Edits `index.graph`; gives the origins of its nodes by first output. */
export async function writePlan(rewrite: Rewrite): Promise<Map<string, readonly string[]>> {
  const { index, plan } = rewrite;
  const writer = graphWriter(rewrite);
  for (const { name } of index.graph.inputs) {
    if (plan.activations.has(name)) writer.addPair(name, originsOfReader(rewrite, name));
  }
  const folded = new Set(plan.folded.values());
  let layers = 0;
  for (const node of index.graph.nodes) {
    if (folded.has(node)) continue;
    const layer = plan.layers.get(node);
    if (layer !== undefined) rewrite.onLayer(layer, layers++);
    await writer.addNode(node, layer);
  }
  index.graph.nodes = writer.nodes;
  index.graph.nodes = withoutUnread(index.graph);
  dropUnused(index.graph);
  const left = new Set(index.graph.nodes.map((node) => node.outputs[0]));
  return new Map([...writer.origins].filter(([output]) => left.has(output)));
}

interface GraphWriter {
  readonly nodes: Node[];
  readonly origins: Map<string, readonly string[]>;
  /** The pair of a tensor that is made in float: readers in 8 bits see the rounded copy, the others the tensor itself. */
  addPair(tensor: string, origins: readonly string[]): void;
  addNode(node: Node, layer: WeightLayer | undefined): Promise<void>;
}

function graphWriter({ scope, plan, maps, parameters, origins: before }: Rewrite): GraphWriter {
  const nodes: Node[] = [];
  const origins = new Map<string, readonly string[]>();
  const codes = new Map<string, string>();
  const rounded = new Map<string, string>();

  const push = (node: Node, from: readonly string[]): void => {
    nodes.push(node);
    origins.set(node.outputs[0] ?? '', from);
  };
  const mapOf = (tensor: string): Affine => maps.get(tensor) as Affine;

  const addPairFrom = (source: string, tensor: string, output: string, from: readonly string[]): void => {
    const map = mapConstants(scope, tensor, mapOf(tensor));
    const code = scope.uniqueName(`${tensor}_q`);
    codes.set(tensor, code);
    push(quantizeNode(source, map, code), from);
    push(dequantizeNode(code, map, output), from);
  };

  const addPair = (tensor: string, from: readonly string[]): void => {
    const output = scope.uniqueName(`${tensor}_dq`);
    rounded.set(tensor, output);
    addPairFrom(tensor, tensor, output, from);
  };

  /** onnxruntime does not fuse pairs around Pad, which works on codes as well: it pads with the code of 0. */
  const addPadOfCodes = (node: Node, from: readonly string[]): void => {
    const [input = '', pads = '', , ...axes] = node.inputs;
    const output = node.outputs[0] as string;
    const map = mapConstants(scope, output, mapOf(output));
    const code = scope.uniqueName(`${output}_q`);
    codes.set(output, code);
    node.inputs = [codes.get(input) as string, pads, map.zeroPoint, ...axes];
    node.outputs = [code];
    push(node, from);
    push(dequantizeNode(code, map, output), from);
  };

  return {
    nodes,
    origins,
    addPair,
    async addNode(node, layer) {
      const role = plan.roles.get(node);
      const clamp = node.outputs.map((output) => plan.folded.get(output)).find((one) => one !== undefined);
      const from = joined(before.get(node.outputs[0] ?? '') ?? [], clamp === undefined ? [] : (before.get(clamp.outputs[0] ?? '') ?? []));
      if (layer !== undefined) {
        const scale = mapOf(node.inputs[0] as string).scale;
        for (const added of await parameters.write(layer, scale)) push(added, from);
      }
      if (role !== undefined && isOp(node, 'Pad')) return addPadOfCodes(node, from);
      if (role !== undefined) readRounded(node, role, rounded);
      const pairs: (() => void)[] = [];
      node.outputs = node.outputs.map((output) => {
        const tensor = clamp === undefined ? output : (clamp.outputs[0] as string);
        if (!plan.activations.has(tensor)) return output;
        if (role === undefined) {
          pairs.push(() => addPair(tensor, from));
          return output;
        }
        const raw = scope.uniqueName(`${tensor}_f`);
        pairs.push(() => addPairFrom(raw, tensor, tensor, from));
        return raw;
      });
      push(node, from);
      for (const add of pairs) add();
    },
  };
}

function readRounded(node: Node, role: Role, rounded: ReadonlyMap<string, string>): void {
  const read = new Set(activationInputs(node, role));
  node.inputs = node.inputs.map((input) => (read.has(input) ? (rounded.get(input) ?? input) : input));
}

function originsOfReader({ index, plan, origins }: Rewrite, tensor: string): readonly string[] {
  const reader = index.uses(tensor).find(({ node }) => plan.roles.has(node))?.node;
  return origins.get(reader?.outputs[0] ?? '') ?? [];
}

function joined(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}
