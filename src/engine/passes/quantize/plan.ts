// Decides, from the structure of a float graph alone, what is quantized: layers with weights, the operators between them
// that keep a chain in 8 bits, the tensors that get a QuantizeLinear/DequantizeLinear pair, and which of them share a scale.

import type { GraphIndex } from '../../ir/graphIndex';
import { type Model, type Node, elementCount, isOp } from '../../ir/model';
import { readNumbers } from '../../ir/tensors';
import type { FormCode } from '../../../protocol/text/index';
import { type Role, activationInputs, hasUnitOutput, roleOf, weightAxis } from './operators';

export interface WeightLayer {
  readonly node: Node;
  readonly weight: string;
  readonly bias?: string;
  /** Axis of the output channels in the weight. */
  readonly axis: number;
}

/** A layer with weights that is not quantized, and why. */
export interface KeptLayer {
  readonly node: Node;
  readonly why: Extract<FormCode, `why.${string}`>;
}

export interface Plan {
  readonly layers: ReadonlyMap<Node, WeightLayer>;
  /** Quantized nodes with their roles, layers included, folded ones not. */
  readonly roles: ReadonlyMap<Node, Role>;
  readonly kept: readonly KeptLayer[];
  /** Relu or Clip that the range of its producer takes over, by the producer's output. */
  readonly folded: ReadonlyMap<string, Node>;
  /** Tensors that get a pair, in graph order, with the tensors whose values set their scale. */
  readonly activations: ReadonlyMap<string, ScaleGroup>;
}

/** Tensors that share one scale and zero point. */
export interface ScaleGroup {
  readonly members: readonly string[];
  /** Members whose values are not copies of another member's: their union is the range. */
  readonly sources: readonly string[];
  /** Values lie in [0, 1] by definition: no need to look. */
  readonly unit: boolean;
}

/** MatMul and Gemm below this many weights are left: a conversion costs more than they do, and the file wins nothing. */
const tinyMatrix = 256;

export interface PlanRules {
  isIgnored(node: Node): boolean;
  /** Whether the lowest code may stand for real 0, so that saturation replaces Relu. */
  readonly foldClamps: boolean;
}

/** `index` is that of `model.graph`. */
export async function planQuantization(model: Model, index: GraphIndex, rules: PlanRules): Promise<Plan> {
  const constants = await constantsOf(model);
  const eligible = new Map<Node, WeightLayer>();
  const kept: KeptLayer[] = [];
  const roles = new Map<Node, Role>();
  for (const node of index.graph.nodes) {
    const judged = judgeLayer(node, model, constants);
    if (judged !== undefined) {
      const why = rules.isIgnored(node) ? 'why.ignored' : judged.why;
      if (why === undefined && judged.layer !== undefined) eligible.set(node, judged.layer);
      else if (why !== undefined) kept.push({ node, why });
    }
    const role = roleOf(node, (tensor) => constants.isZero(tensor));
    if (role === 'layer' ? eligible.has(node) : role !== undefined && !rules.isIgnored(node)) roles.set(node, role as Role);
  }
  const { quantized, wanted } = spread(index, roles, constants, rules.foldClamps);
  const folded = new Map<string, Node>();
  for (const node of quantized.keys()) {
    if (rules.foldClamps && canFold(node, index, quantized, constants)) folded.set(node.inputs[0] as string, node);
  }
  for (const node of folded.values()) quantized.delete(node);
  const tensors = [...index.graph.inputs.map(({ name }) => name), ...index.graph.nodes.flatMap(({ outputs }) => outputs)]
    .filter((tensor) => wanted.has(tensor) && !folded.has(tensor));
  return { layers: eligible, roles: quantized, kept, folded, activations: scaleGroups(tensors, index, quantized) };
}

// ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Constants {
  has(tensor: string): boolean;
  isZero(tensor: string): boolean;
}

/** Initializers that no graph input can override, and which of the scalars among them are 0. */
async function constantsOf(model: Model): Promise<Constants> {
  const { initializers, inputs } = model.graph;
  const overridable = new Set(inputs.map(({ name }) => name));
  const zeros = new Set<string>();
  for (const [name, tensor] of initializers) {
    if (elementCount(tensor.dims) !== 1 || tensor.type === 'string') continue;
    if ((await readNumbers(tensor))[0] === 0) zeros.add(name);
  }
  const has = (tensor: string): boolean => initializers.has(tensor) && !overridable.has(tensor);
  return { has, isZero: (tensor) => zeros.has(tensor) && has(tensor) };
}

const layersWithoutKernel = ['ConvTranspose', 'LSTM', 'GRU', 'RNN'];

/** The layer of a node that holds weights; `why` when it must stay float; undefined for nodes that hold none. */
function judgeLayer(node: Node, model: Model, constants: Constants): { layer?: WeightLayer; why?: KeptLayer['why'] } | undefined {
  const [input = '', weight = '', bias = ''] = node.inputs;
  if (isOp(node, ...layersWithoutKernel)) return { why: 'why.noKernel' };
  if (!isOp(node, 'Conv', 'Gemm', 'MatMul')) return undefined;
  if (!constants.has(weight)) return isOp(node, 'MatMul') ? undefined : { why: 'why.weightNotConstant' };
  const tensor = model.graph.initializers.get(weight);
  if (tensor === undefined || constants.has(input)) return { why: 'why.weightNotConstant' };
  if (tensor.type !== 'float32') return { why: 'why.notFloat32' };
  const axis = weightAxis(node);
  const elements = elementCount(tensor.dims);
  if (isOp(node, 'Gemm', 'MatMul')) {
    if (tensor.dims.length !== 2) return { why: 'why.weightRank' };
    if (elements < tinyMatrix || tensor.dims[axis] === 1) return { why: 'why.tiny' };
  }
  if (elements === 0) return { why: 'why.tiny' };
  const biasWhy = bias === '' ? undefined : judgeBias(bias, tensor.dims[axis] ?? 0, model, constants);
  if (biasWhy !== undefined) return { why: biasWhy };
  return { layer: { node, weight, axis, ...(bias === '' ? {} : { bias }) } };
}

/** 8-bit kernels want a bias of int32 constants, one an output channel. */
function judgeBias(bias: string, channels: number, model: Model, constants: Constants): KeptLayer['why'] | undefined {
  const tensor = model.graph.initializers.get(bias);
  if (tensor === undefined || !constants.has(bias)) return 'why.biasNotConstant';
  if (tensor.type !== 'float32') return 'why.notFloat32';
  return elementCount(tensor.dims) === channels && tensor.dims.at(-1) === channels ? undefined : 'why.biasShape';
}

// ── which operators join ─────────────────────────────────────────────────────────────────────────────────────────

/**
 * Quantized nodes and the tensors that get a pair. Forward: where an 8-bit value can be had without a new rounding of a
 * float one. Backward: where one is wanted by a layer further on; a tail that no layer reads stays float.
 */
function spread(index: GraphIndex, roles: ReadonlyMap<Node, Role>, constants: Constants, foldClamps: boolean) {
  const ready = new Set<string>();
  const canRun = new Set<Node>();
  for (const [node, role] of roles) {
    if (role === 'layer') ready.add(node.inputs[0] as string);
  }
  for (const [node, role] of roles) {
    if (role !== 'layer' && !activationInputs(node, role).every((input) => ready.has(input))) continue;
    canRun.add(node);
    for (const output of outputsOf(node)) ready.add(output);
  }
  const wanted = new Set<string>();
  const quantized = new Map<Node, Role>();
  for (const node of [...index.graph.nodes].reverse()) {
    const role = roles.get(node);
    if (role === undefined || !canRun.has(node)) continue;
    const endsConv = role === 'clamp' && foldClamps && endsConvolution(node, index, roles, constants);
    if (role !== 'layer' && !endsConv && !node.outputs.some((output) => wanted.has(output))) continue;
    quantized.set(node, role);
    for (const input of activationInputs(node, role)) wanted.add(input);
    // The 8-bit convolution writes codes; Gemm and MatMul can write floats (QGemm, MatMulIntegerToFloat).
    const writesCodes = role === 'layer' ? isOp(node, 'Conv') : true;
    if (writesCodes) for (const output of outputsOf(node)) wanted.add(output);
  }
  return { quantized: new Map([...quantized].reverse()), wanted };
}

function outputsOf(node: Node): readonly string[] {
  return node.outputs.filter((output) => output !== '');
}

/** A Conv rounds its output anyway, so that its Relu may as well be part of it. */
function endsConvolution(node: Node, index: GraphIndex, roles: ReadonlyMap<Node, Role>, constants: Constants): boolean {
  const producer = index.producer.get(node.inputs[0] ?? '');
  return producer !== undefined && isOp(producer, 'Conv') && canFold(node, index, roles, constants);
}

/** Relu or Clip alone behind a quantized node that rounds to a range of its own. */
function canFold(node: Node, index: GraphIndex, roles: ReadonlyMap<Node, Role>, constants: Constants): boolean {
  if (roles.get(node) !== 'clamp') return false;
  const [input = '', , top = ''] = node.inputs;
  const producer = index.producer.get(input);
  const role = producer === undefined ? undefined : roles.get(producer);
  if (role !== 'layer' && role !== 'compute') return false;
  const topIsKnown = isOp(node, 'Relu') || top === '' || constants.has(top);
  return topIsKnown && index.uses(input).length === 1 && !index.outputs.has(input);
}

// ── shared scales ────────────────────────────────────────────────────────────────────────────────────────────────

function scaleGroups(tensors: readonly string[], index: GraphIndex, quantized: ReadonlyMap<Node, Role>): Map<string, ScaleGroup> {
  const parent = new Map(tensors.map((tensor) => [tensor, tensor]));
  const rootOf = (tensor: string): string => {
    let root = tensor;
    while (parent.get(root) !== root) root = parent.get(root) as string;
    return root;
  };
  const join = (a: string, b: string): void => void parent.set(rootOf(b), rootOf(a));
  const copies = new Set<string>();
  for (const [node, role] of quantized) {
    if (role === 'passThrough') {
      for (const output of node.outputs.filter((name) => parent.has(name))) {
        join(node.inputs[0] as string, output);
        copies.add(output);
      }
    } else if (isOp(node, 'Concat')) {
      // An input that others read too keeps its own scale: a wider one would cost those readers accuracy.
      const own = node.inputs.filter((input) => index.uses(input).length === 1 && !index.outputs.has(input));
      const output = node.outputs[0] as string;
      for (const input of own) join(output, input);
      if (own.length === node.inputs.length) copies.add(output);
    }
  }
  const members = new Map<string, string[]>();
  for (const tensor of tensors) members.set(rootOf(tensor), [...(members.get(rootOf(tensor)) ?? []), tensor]);
  const groups = new Map<string, ScaleGroup>();
  for (const names of members.values()) {
    const sources = names.filter((name) => !copies.has(name));
    const unit = sources.every((name) => isUnit(index.producer.get(name)));
    const group = { members: names, sources, unit };
    for (const name of names) groups.set(name, group);
  }
  return new Map(tensors.map((tensor) => [tensor, groups.get(tensor) as ScaleGroup]));
}

function isUnit(producer: Node | undefined): boolean {
  return producer !== undefined && hasUnitOutput(producer);
}
