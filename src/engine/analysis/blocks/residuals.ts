// Finds residual branches: where a node adds what a branch with weights computed from a tensor to that tensor, or to what
// became of it without weights (cropped, padded, pooled). Without the branch the shortcut alone stands for the sum.

import { tensorAttribute } from '../../ir/attributes';
import { isFloat } from '../../ir/dataTypes';
import { elementCount, isDefaultDomain, isOp, type Model, type Node } from '../../ir/model';
import { inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { findLayers, type Layer } from '../layers';
import { type DataFlow, dataFlowOf, neededNodes } from './dataFlow';

export interface Residual {
  /** Tensor that the branch computes from. */
  readonly entry: string;
  /** Tensor that is left when the branch goes: the entry, or what the shortcut made of it. */
  readonly shortcut: string;
  /** Tensor that the shortcut then stands for; it has its shape. */
  readonly exit: string;
  /** The exit, or what a Relu or normalization right behind it, which stays, makes of it. */
  readonly out: string;
  /** Nodes that nothing needs any more without the branch. */
  readonly nodes: ReadonlySet<Node>;
  /** Layers with weights among them, in execution order. */
  readonly layers: readonly Layer[];
  /** Whether positions look at each other in it. */
  readonly attends: boolean;
}

export type StayReason = 'why.blockProjection' | 'why.blockReadElsewhere' | 'why.blockShape' | 'why.blockFused';

/** A residual branch that cannot be left out. */
export interface StuckResidual {
  readonly exit: string;
  readonly layers: readonly Layer[];
  readonly why: StayReason;
}

export interface Residuals {
  /** In execution order; none holds another. */
  readonly free: readonly Residual[];
  readonly stuck: readonly StuckResidual[];
}

/**
 * The innermost residual branches of the main graph.
 *
 * @throws EngineError `invalidGraph` on a cycle.
 */
export async function findResiduals(model: Model): Promise<Residuals> {
  return new Finder(model, await inferShapes(model)).run();
}

/** Nodes that add two tensors; the last two normalize the sum as well. */
const fusedMerges = ['SkipLayerNormalization', 'SkipSimplifiedLayerNormalization'];
const normalizations = ['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization', 'EmbedLayerNormalization', ...fusedMerges];

/** What a shortcut may do without weights: values move, or are pooled, or stored ones stand beside them (Concat as padding). */
const movements = [
  'Identity', 'Dropout', 'Cast', 'Slice', 'Pad', 'Concat', 'MaxPool', 'AveragePool', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Resize', 'Upsample', 'DepthToSpace', 'SpaceToDepth',
];
/** Of these, those that never make a number below zero of others (a padded constant is looked at). */
const keepSign = ['Identity', 'Dropout', 'Slice', 'Pad', 'MaxPool', 'AveragePool', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'DepthToSpace', 'SpaceToDepth'];
/** What makes a shortcut a projection. */
const projections = ['Conv', 'BatchNormalization'];

interface Sum {
  readonly node: Node;
  readonly exit: string;
  readonly shortcut: string;
  readonly branch: string;
  readonly entry: string;
  readonly projected: boolean;
  /** Nodes on the way from the entry to the sum. */
  readonly inner: readonly Node[];
  readonly inside: ReadonlySet<Node>;
}

class Finder {
  private readonly flow: DataFlow;
  private readonly layers: readonly Layer[];
  private readonly outputs: ReadonlySet<string>;

  constructor(private readonly model: Model, private readonly shapes: ShapeMap) {
    this.flow = dataFlowOf(model.graph);
    this.layers = findLayers(model.graph, shapes).filter((layer) => this.hasMatrix(layer));
    this.outputs = new Set(model.graph.outputs.map(({ name }) => name));
  }

  run(): Residuals {
    const sums = this.flow.order.flatMap((node) => this.sumAt(node) ?? []).filter((sum) => this.layersIn(sum.inside).length > 0);
    const merges = new Set(sums.map(({ node }) => node));
    const innermost = sums.filter(({ inner }) => !inner.some((node) => merges.has(node)));
    const needed = neededNodes(this.model.graph, this.flow.order);
    const [free, stuck]: [Residual[], StuckResidual[]] = [[], []];
    for (const sum of innermost) {
      const found = this.judge(sum, needed);
      if ('why' in found) stuck.push(found);
      else free.push(found);
    }
    return { free, stuck };
  }

  // ── sums ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private sumAt(node: Node): Sum | undefined {
    const [exit = ''] = node.outputs;
    const [left = '', right = ''] = node.inputs;
    const adds = isOp(node, 'Add') || (isOp(node, 'Sum') && node.inputs.length === 2) || isFusedMerge(node);
    if (!adds || left === '' || right === '' || left === right || this.flow.isConstant(left) || this.flow.isConstant(right)) return undefined;
    if (!isFloat(this.shapes.tensors.get(exit)?.type ?? 'undefined') || this.compare(left, right) === 'different') return undefined;
    return this.sumOf(node, left, right, movements) ?? this.sumOf(node, right, left, movements)
      ?? this.sumOf(node, left, right, [...movements, ...projections]) ?? this.sumOf(node, right, left, [...movements, ...projections]);
  }

  /** With `shortcut` made by nodes of `kinds` only, if the branch is computed from where it begins. */
  private sumOf(node: Node, shortcut: string, branch: string, kinds: readonly string[]): Sum | undefined {
    const sources = this.flow.sources(branch);
    const { entry, passed } = this.entryOf(shortcut, sources, kinds);
    if (entry === undefined || entry === branch) return undefined;
    const inner = this.between(entry, sources);
    const inside = new Set([...inner, ...this.onlyFor(branch, node)]);
    // Of two convolutions side by side the one with less behind it is the shortcut; where they are alike there is none.
    const projected = passed.some((one) => isOp(one, ...projections));
    if (projected && passed.filter((one) => isOp(one, 'Conv')).length >= this.layersIn(new Set(inner)).length) return undefined;
    return { node, exit: node.outputs[0] ?? '', shortcut, branch, entry, projected, inner, inside };
  }

  private entryOf(shortcut: string, sources: ReadonlySet<string>, kinds: readonly string[]): { readonly entry: string | undefined; readonly passed: readonly Node[] } {
    const passed: Node[] = [];
    let name = shortcut;
    while (!sources.has(name)) {
      const node = this.flow.producer.get(name);
      const [first, second] = node === undefined ? [] : this.flow.dataInputs(node);
      if (node === undefined || first === undefined || second !== undefined || !isOp(node, ...kinds)) return { entry: undefined, passed };
      passed.push(node);
      name = first;
    }
    return { entry: name, passed };
  }

  /** Nodes that make a tensor of `sources` out of `entry`, in execution order. */
  private between(entry: string, sources: ReadonlySet<string>): readonly Node[] {
    const reached = new Set([entry]);
    return this.flow.order.filter((node) => {
      if (!node.outputs.some((name) => sources.has(name)) || !this.flow.dataInputs(node).some((name) => reached.has(name))) return false;
      node.outputs.forEach((name) => reached.add(name));
      return true;
    });
  }

  /** Nodes that only the branch of `sum` needs: also those that make masks and sizes for it. */
  private onlyFor(branch: string, sum: Node): ReadonlySet<Node> {
    const found = new Set<Node>();
    const isAlone = (name: string): boolean => !this.outputs.has(name)
      && this.flow.readers(name).every((reader) => found.has(reader) || (reader === sum && name === branch));
    const reads = new Set([branch]);
    for (const name of reads) {
      const node = this.flow.producer.get(name);
      if (node === undefined || found.has(node) || !node.outputs.every(isAlone)) continue;
      found.add(node);
      for (const input of this.flow.dataInputs(node)) {
        // Looked at again whenever another of its readers is known.
        reads.delete(input);
        reads.add(input);
      }
    }
    return found;
  }

  // ── what can go ────────────────────────────────────────────────────────────────────────────────────────────────

  private judge(sum: Sum, needed: ReadonlySet<Node>): Residual | StuckResidual {
    const { node, shortcut, entry, projected, inner, inside } = sum;
    const stuck = (why: StayReason): StuckResidual => ({ exit: sum.exit, layers: this.layersIn(inside), why });
    if (projected) return stuck('why.blockProjection');
    if (this.compare(shortcut, sum.exit) !== 'same') return stuck('why.blockShape');
    if (isFusedMerge(node) && !(this.isNormalized(shortcut) && this.readsOnlyFirst(node))) return stuck('why.blockFused');
    const { exit, out } = this.trailing(sum);
    const left = neededNodes(this.model.graph, this.flow.order, new Map([[exit, shortcut]]));
    const nodes = new Set([...needed].filter((one) => !left.has(one)));
    if (inner.some((one) => needed.has(one) && !nodes.has(one))) return stuck('why.blockReadElsewhere');
    return { entry, shortcut, exit, out, nodes, layers: this.layersIn(nodes), attends: this.attends(nodes) };
  }

  /**
   * A Relu behind the sum goes too where it would do nothing to the shortcut. A normalization goes too where the shortcut
   * comes out of one (x + f(x), normalized, as in BERT): what follows then gets numbers of the size it knows.
   */
  private trailing({ node, exit, shortcut }: Sum): { readonly exit: string; readonly out: string } {
    const [reader, other] = this.flow.readers(exit);
    const [out = exit] = reader?.outputs ?? [];
    if (reader === undefined || other !== undefined || this.outputs.has(exit) || isFusedMerge(node)) return { exit, out: exit };
    if (isOp(reader, 'Relu')) return { exit: this.isRectified(shortcut) ? out : exit, out };
    if (isNormalization(reader) && reader.inputs[0] === exit) return { exit: this.isNormalized(shortcut) ? out : exit, out };
    return { exit, out: exit };
  }

  private isRectified(tensor: string): boolean {
    const node = this.flow.producer.get(tensor);
    if (node === undefined) return false;
    if (isOp(node, 'Relu')) return true;
    // Pad without a value, or with the default of ONNX, adds zeros.
    const pads = isOp(node, 'Pad') && ((node.inputs[2] ?? '') !== '' || node.attributes.has('value')) && !this.padsZero(node);
    return isOp(node, ...keepSign) && !pads && this.isRectified(node.inputs[0] ?? '');
  }

  private padsZero(node: Node): boolean {
    const attribute = node.attributes.get('value');
    if (attribute !== undefined) return attribute.kind === 'float' && attribute.value >= 0;
    const name = node.inputs[2] ?? '';
    const made = this.flow.producer.get(name);
    const stored = this.model.graph.initializers.get(name) ?? (made === undefined ? undefined : tensorAttribute(made, 'value'));
    return stored !== undefined && !('strings' in stored.data) && 'bytes' in stored.data.at && stored.data.at.bytes.every((byte) => byte === 0);
  }

  private isNormalized(tensor: string): boolean {
    const node = this.flow.producer.get(tensor);
    return node !== undefined && isNormalization(node);
  }

  private readsOnlyFirst({ outputs }: Node): boolean {
    return outputs.slice(1).every((name) => !this.outputs.has(name) && this.flow.readers(name).length === 0);
  }

  // ── shapes and layers ──────────────────────────────────────────────────────────────────────────────────────────

  /** Open sizes are the same where they have the same name. */
  private compare(left: string, right: string): 'same' | 'different' | 'unknown' {
    const [a, b] = [this.shapes.tensors.get(left)?.shape, this.shapes.tensors.get(right)?.shape];
    if (a === undefined || a === null || b === undefined || b === null) return 'unknown';
    if (a.length !== b.length || a.some((size, axis) => typeof size === 'number' && typeof b[axis] === 'number' && size !== b[axis])) return 'different';
    return a.every((size, axis) => size !== null && size === b[axis]) ? 'same' : 'unknown';
  }

  private layersIn(nodes: ReadonlySet<Node>): readonly Layer[] {
    return this.layers.filter(({ anchor }) => nodes.has(anchor));
  }

  /** Scales and biases alone make no block. */
  private hasMatrix({ weights }: Layer): boolean {
    return weights.some((name) => {
      const shape = this.shapes.tensors.get(name)?.shape ?? [];
      return shape.length > 1 && elementCount(shape.map((size) => (typeof size === 'number' ? size : 1))) > 1;
    });
  }

  /** Two computed tensors are multiplied and a Softmax weighs them, or one operator does all. */
  private attends(nodes: ReadonlySet<Node>): boolean {
    const all = [...nodes];
    if (all.some(({ opType }) => opType.endsWith('Attention'))) return true;
    return all.some((node) => isOp(node, 'Softmax')) && all.some((node) => isOp(node, 'MatMul', 'Einsum') && this.flow.dataInputs(node).length > 1);
  }
}

function isFusedMerge({ opType, domain }: Node): boolean {
  return !isDefaultDomain(domain) && fusedMerges.includes(opType);
}

function isNormalization({ opType }: Node): boolean {
  return normalizations.includes(opType);
}
