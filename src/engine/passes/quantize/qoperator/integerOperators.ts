// Turns a graph of QuantizeLinear/DequantizeLinear pairs into one of integer operators (QOperator form): what stands between
// them becomes one node on codes, by the table in forms.ts; what has no integer form stays float between its pairs.

import { dropUnused } from '../../../ir/edit/dropUnused';
import { type GraphIndex, indexGraph } from '../../../ir/graphIndex';
import { type Graph, type Model, type Node, isOp, opsetOf } from '../../../ir/model';
import { readNumbers } from '../../../ir/tensors';
import type { Origins } from '../../pass';
import type { GraphScope } from '../scope';
import { withoutUnread } from '../unread';
import { type Codes, integerForm, runtimeDomain, type Site } from './forms';

/** Version of onnxruntime's own operators. */
const runtimeOpset = 1;

export interface Fusion {
  /** Edited in place. */
  readonly model: Model;
  readonly scope: GraphScope;
  /** By first output, of the graph with pairs. */
  readonly origins: Origins;
  /** Tensors of the float graph: where one of these is left as codes alone, they get its name. */
  readonly named: ReadonlySet<string>;
}

/** Gives the origins of the nodes that the model has afterwards, by first output. */
export async function writeIntegerOperators({ model, scope, origins, named }: Fusion): Promise<Map<string, readonly string[]>> {
  const { graph } = model;
  const index = indexGraph(graph);
  const codes = await codesOf(index, scope);
  const opset = opsetOf(model) ?? 0;
  const taken = new Set<Node>();
  const from = new Map<Node, readonly string[]>();
  const nodes = graph.nodes.map((node) => {
    const quantizers = node.outputs.map((output) => quantizerOf(output, index));
    const site: Site = {
      node,
      opset,
      codes: (input) => codes.get(node.inputs[input] ?? ''),
      results: quantizers.map((quantizer) => quantizer && mapOf(quantizer, quantizer.outputs[0] as string)),
    };
    const form = integerForm(site);
    if (form !== undefined) for (const quantizer of quantizers) if (quantizer !== undefined) taken.add(quantizer);
    const written = form ?? node;
    from.set(written, origins.get(node.outputs[0] ?? '') ?? []);
    return written;
  });
  const dequantizers = nodes.filter((node) => isOp(node, 'DequantizeLinear'));
  graph.nodes = nodes.filter((node) => !taken.has(node));
  graph.nodes = withoutUnread(graph);
  restoreNames(graph, dequantizers, named);
  dropUnused(graph);
  if (graph.nodes.some(({ domain }) => domain === runtimeDomain) && !model.opsets.has(runtimeDomain)) model.opsets.set(runtimeDomain, runtimeOpset);
  return new Map(graph.nodes.map((node) => [node.outputs[0] ?? '', from.get(node) ?? []]));
}

/** Scale and zero point of a QuantizeLinear or DequantizeLinear, with the name of its codes. */
function mapOf({ inputs: [, scale = '', zeroPoint = ''] }: Node, name: string): Codes {
  return { name, scale, zeroPoint };
}

/** What is dequantized, by the output of DequantizeLinear. */
async function codesOf(index: GraphIndex, scope: GraphScope): Promise<ReadonlyMap<string, Codes>> {
  const found = new Map<string, Codes>();
  for (const node of index.graph.nodes) {
    if (!isOp(node, 'DequantizeLinear')) continue;
    const [codes = '', scale = '', zeroPoint = ''] = node.inputs;
    const perChannel = index.graph.initializers.get(scale)?.dims.length === 1 && zeroPoint !== '' ? { zeroPoints: zeroPoint } : {};
    const common = index.graph.initializers.has(codes) ? await commonZeroPoint(codes, zeroPoint, scope) : zeroPoint;
    if (common !== undefined) found.set(node.outputs[0] as string, { name: codes, scale, zeroPoint: common, ...perChannel });
  }
  return found;
}

/** The zero point that all channels of a constant share, as a scalar; undefined where they differ, which no kernel takes. */
async function commonZeroPoint(codes: string, zeroPoint: string, scope: GraphScope): Promise<string | undefined> {
  const { graph } = scope;
  const stored = graph.initializers.get(zeroPoint);
  const type = graph.initializers.get(codes)?.type;
  // A bias has zero point 0; its operators do not ask for it.
  if (type === 'int32') return '';
  if (type !== 'int8' && type !== 'uint8') return undefined;
  const [first = 0, ...others] = stored === undefined ? [] : await readNumbers(stored);
  return others.some((value) => value !== first) ? undefined : scope.scalar(`${codes}_zero`, type, Number(first));
}

/** The QuantizeLinear that alone reads a tensor. */
function quantizerOf(tensor: string, index: GraphIndex): Node | undefined {
  const [use, ...others] = index.uses(tensor);
  const alone = use !== undefined && others.length === 0 && !index.outputs.has(tensor);
  return alone && use.input === 0 && isOp(use.node, 'QuantizeLinear') ? use.node : undefined;
}

/**
 * A tensor that no DequantizeLinear makes any more gives its name to the codes that stand for it, or to the float value that
 * becomes those codes: a layer is known by the name of its output.
 */
function restoreNames(graph: Graph, dequantizers: readonly Node[], named: ReadonlySet<string>): void {
  const index = indexGraph(graph);
  const names = new Map<string, string>();
  for (const { inputs: [codes = ''], outputs: [tensor = ''] } of dequantizers) {
    const producer = index.producer.get(codes);
    if (producer === undefined || index.producer.has(tensor) || !named.has(tensor)) continue;
    const [raw = ''] = producer.inputs;
    if (!isOp(producer, 'QuantizeLinear')) {
      names.set(codes, tensor);
      graph.valueInfo.delete(tensor);
    } else if (index.producer.has(raw) && !named.has(raw)) names.set(raw, tensor);
  }
  const renamed = (name: string): string => names.get(name) ?? name;
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map(renamed);
    node.outputs = node.outputs.map(renamed);
  }
}
