// The report of `decant inspect`: structure, layers and costs of a model, from its graph alone. Reads no weights.

import type { Finding, InspectReport, LayerDescription, ValueDescription } from '../../protocol/report';
import { said } from '../../protocol/text/index';
import { isDefaultDomain, type Model, nodeLabel, type ValueInfo } from '../ir/model';
import { inferShapes, plainText, type ShapeMap } from '../ir/shapes/index';
import { checkFindings } from './checkFindings';
import { costOf, type LayerCost } from './cost';
import { findLayers, type Layer } from './layers';
import { bindInputs, type OpenDimension } from './openDims';

export interface InspectOptions {
  /** As shown in the report. */
  readonly path: string;
  /** Size of the file with its side files. */
  readonly bytes: number;
  /** Sizes of symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
}

/**
 * Costs are for the sizes in `dims`, and for batch 1 otherwise.
 *
 * @throws EngineError `invalidGraph` on a cycle, and what reading a damaged tensor throws.
 */
export async function inspectModel(model: Model, options: InspectOptions): Promise<InspectReport> {
  const { graph } = model;
  const bound = bindInputs(model, options.dims);
  const shapes = await inferShapes(model, bound);
  const layers = findLayers(graph, shapes);
  const cost = costOf(graph, layers, shapes);
  return {
    version: 1,
    model: {
      path: options.path,
      bytes: options.bytes,
      irVersion: model.irVersion,
      opsets: Object.fromEntries([...model.opsets].map(([domain, version]) => [isDefaultDomain(domain) ? 'ai.onnx' : domain, version])),
      producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
      inputs: graph.inputs.filter((input) => !graph.initializers.has(input.name)).map(describeValue),
      outputs: graph.outputs.map(describeValue),
    },
    totals: {
      nodes: graph.nodes.length,
      parameters: cost.parameters,
      weightBytes: cost.weightBytes,
      macs: cost.macs,
      peakActivationBytes: cost.peakActivationBytes,
    },
    layers: layers.flatMap((layer) => {
      const own = cost.layers.get(layer.id);
      return own === undefined ? [] : [describeLayer(layer, own, shapes)];
    }),
    operators: countOperators(model),
    findings: [...await checkFindings(model, shapes), ...findings(model, shapes, bound.open)],
  };
}

function describeValue(value: ValueInfo): ValueDescription {
  const { type } = value;
  if (type?.kind !== 'tensor' && type?.kind !== 'sparseTensor') return { name: value.name, type: type?.kind ?? 'undefined', shape: null };
  return { name: value.name, type: type.type, shape: type.shape?.map((dim) => dim ?? '?') ?? null };
}

function describeTensor(name: string, shapes: ShapeMap): ValueDescription {
  const tensor = shapes.tensors.get(name);
  const shape = tensor?.shape?.map((dim) => (typeof dim === 'string' ? plainText(dim) : (dim ?? '?'))) ?? null;
  return { name, type: tensor?.containers?.[0] ?? tensor?.type ?? 'undefined', shape };
}

function describeLayer(layer: Layer, cost: LayerCost, shapes: ShapeMap): LayerDescription {
  const typed = layer.weights[0] ?? layer.anchor.inputs[0] ?? layer.id;
  return {
    id: layer.id,
    name: layer.name,
    op: layer.op,
    nodes: layer.nodes.map(nodeLabel),
    parameters: cost.parameters,
    weightBytes: cost.weightBytes,
    macs: cost.macs,
    activationBytes: cost.activationBytes,
    inputs: layer.inputs.map((name) => describeTensor(name, shapes)),
    outputs: layer.outputs.map((name) => describeTensor(name, shapes)),
    type: shapes.tensors.get(typed)?.type ?? 'undefined',
  };
}

/** By operator, those of other domains with their domain; the most frequent first. */
function countOperators(model: Model): Record<string, number> {
  const counts = new Map<string, number>();
  for (const node of model.graph.nodes) {
    const name = isDefaultDomain(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

const quantized = /^(Q(Linear|Gemm|Attention)|(Dequantize|Quantize|DynamicQuantize)|(Conv|MatMul)Integer|MatMulNBits|MatMulBnb4|GatherBlockQuantized)/;

function findings(model: Model, shapes: ShapeMap, open: readonly OpenDimension[]): Finding[] {
  const found: Finding[] = [];
  for (const { input, name: dim, size } of open) {
    found.push(size === null
      ? { severity: 'warning', ...said('finding.openInput', { input, dim }) }
      : { severity: 'info', ...said('finding.symbolicInput', { input, dim, size }) });
  }
  const unknown = model.graph.nodes.flatMap((node) => node.outputs.flatMap((name) => {
    const shape = shapes.tensors.get(name)?.shape ?? null;
    return name !== '' && (shape === null || shape.includes(null)) ? [{ node, tensor: name }] : [];
  }));
  const [first] = unknown;
  if (first !== undefined) {
    found.push({ severity: 'warning', ...said('finding.unknownShape', { count: unknown.length, tensor: first.tensor }), node: nodeLabel(first.node) });
  }
  for (const note of shapes.notes) {
    if (note.kind === 'noRule') found.push({ severity: 'warning', ...said('finding.unknownOperator', { node: note.node, op: note.op }), node: note.node });
    else found.push({ severity: 'warning', ...said('finding.contradictingShape', { node: note.node, op: note.op, tensor: note.tensor }), node: note.node });
  }
  if (model.graph.nodes.some((node) => quantized.test(node.opType))) found.push({ severity: 'info', ...said('finding.quantized') });
  return found;
}
