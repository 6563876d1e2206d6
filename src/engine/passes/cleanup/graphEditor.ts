// One graph of a model being edited (the main graph or a body): who makes and who reads each value is kept true through
// every edit, and origins follow the nodes. The model is the pass's own clone; names that subgraphs capture count as uses.

import { type FormCode, type Said, said } from '../../../protocol/text/index';
import { intsAttribute, tensorAttribute } from '../../ir/attributes';
import { capturedTensors } from '../../ir/graphIndex';
import { type Attribute, type Graph, isOp, type Model, type Node, type Tensor } from '../../ir/model';
import { readNumbers, readTensor, tensorFrom } from '../../ir/tensors';
import type { NdArray } from '../../ports';
import type { Origins } from '../pass';
import { renameCaptured } from '../../ir/edit/captures';

/** From this IR version on an initializer need not be a graph input (IR.md, "Graphs"). */
export const FREE_INITIALIZERS_IR = 4;

/** Where the graph stands in the model. */
export interface GraphPlace {
  readonly model: Model;
  readonly graph: Graph;
  /** Origins of the graph's nodes; those of a body have none of their own. */
  readonly origins: Origins;
  /** A free name like the wanted one, new to every graph of the model; it counts as taken from then on. */
  readonly freeName: (wanted: string) => string;
  /** The editor of the graph around a body. */
  readonly outer?: GraphEditor;
}

/** What is the same in all its places: a generated tensor (ConstantOfShape) that was never written out. */
export interface Uniform {
  readonly dims: readonly number[];
  readonly type: 'float32' | 'float64';
  readonly value: number;
}

export class GraphEditor {
  readonly model: Model;
  readonly graph: Graph;
  readonly forms = new Map<string, Said<FormCode>>();
  readonly freeName: (wanted: string) => string;
  readonly outer: GraphEditor | undefined;
  private readonly originsByOutput: Map<string, readonly string[]>;
  private readonly producers = new Map<string, Node>();
  private readonly readers = new Map<string, Set<Node>>();
  private readonly live: Set<Node>;
  private readonly outputNames: Set<string>;
  private readonly inputNames: Set<string>;
  /** Nodes to stand right before another one, which may be gone by then: the order is mended when they are written back. */
  private readonly order: Node[];

  constructor({ model, graph, origins, freeName, outer }: GraphPlace) {
    this.model = model;
    this.graph = graph;
    this.outer = outer;
    this.freeName = freeName;
    this.originsByOutput = new Map(origins);
    this.order = [...graph.nodes];
    this.live = new Set(graph.nodes);
    this.outputNames = new Set(graph.outputs.map((output) => output.name));
    this.inputNames = new Set(graph.inputs.map((input) => input.name));
    for (const node of this.live) this.link(node);
  }

  /** Nodes in topological order as they are now; edits during the walk are safe, removed nodes are skipped. */
  *nodes(): Generator<Node> {
    for (const node of [...this.order]) if (this.live.has(node)) yield node;
  }

  producer(value: string): Node | undefined {
    return this.producers.get(value);
  }

  /** Nodes that read the value, through their inputs or their subgraphs. */
  consumers(value: string): readonly Node[] {
    return [...(this.readers.get(value) ?? [])];
  }

  isOutput(value: string): boolean {
    return this.outputNames.has(value);
  }

  /** The one node that reads the value, if nothing else does and it is no graph output. */
  soleConsumer(value: string): Node | undefined {
    if (!this.isOwn(value)) return undefined;
    const readers = this.readers.get(value);
    return readers?.size === 1 && !this.isOutput(value) ? [...readers][0] : undefined;
  }

  /** Whether this graph makes the value; false for what a body takes from the graphs around it. */
  isOwn(value: string): boolean {
    return this.producers.has(value) || this.graph.initializers.has(value) || this.inputNames.has(value);
  }

  /** The initializer of this name, here or in a graph around; an input with a default value is not constant. */
  constant(value: string | undefined): Tensor | undefined {
    if (value === undefined || value === '') return undefined;
    if (this.outer !== undefined && !this.isOwn(value)) return this.outer.constant(value);
    return this.inputNames.has(value) && this.listsInput(value) ? undefined : this.graph.initializers.get(value);
  }

  async constantValues(value: string | undefined): Promise<NdArray | undefined> {
    const tensor = this.constant(value);
    return tensor === undefined ? undefined : await readTensor(tensor);
  }

  /** The one number of a constant with one element, float16 left out (its array holds bits). */
  async constantScalar(value: string | undefined): Promise<number | undefined> {
    const tensor = this.constant(value);
    if (tensor === undefined || tensor.dims.some((dim) => dim !== 1) || 'strings' in tensor.data) return undefined;
    return tensor.type === 'float16' || tensor.type === 'bfloat16' ? undefined : (await readNumbers(tensor))[0];
  }

  /** The tensor that a ConstantOfShape of this graph generates, if its shape is constant; Unsqueeze may add axes to it. */
  async uniform(value: string | undefined): Promise<Uniform | undefined> {
    const node = value === undefined ? undefined : this.producers.get(value);
    if (node !== undefined && isOp(node, 'Unsqueeze')) return this.uniformWithAxes(node);
    const shape = node !== undefined && isOp(node, 'ConstantOfShape') ? this.constant(node.inputs[0]) : undefined;
    if (node === undefined || shape === undefined) return undefined;
    const fill = tensorAttribute(node, 'value');
    const type = fill?.type ?? 'float32';
    if (type !== 'float32' && type !== 'float64') return undefined;
    return { dims: await readNumbers(shape), type, value: fill === undefined ? 0 : ((await readNumbers(fill))[0] ?? 0) };
  }

  private async uniformWithAxes(node: Node): Promise<Uniform | undefined> {
    const inner = await this.uniform(node.inputs[0]);
    const input = this.constant(node.inputs[1]);
    const axes = intsAttribute(node, 'axes') ?? (input === undefined ? undefined : await readNumbers(input));
    if (inner === undefined || axes === undefined) return undefined;
    const rank = inner.dims.length + axes.length;
    const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    const kept = [...inner.dims];
    return { ...inner, dims: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (kept.shift() ?? 1))) };
  }

  /** Adds an initializer under a free name that starts with `wanted`; gives the name. */
  addConstant(wanted: string, values: NdArray): string {
    const name = this.freeName(wanted);
    this.setInitializer(tensorFrom(name, values));
    return name;
  }

  /** Makes a value that a node computed a constant of the same name; the node is to be removed. */
  adoptConstant(name: string, values: NdArray): void {
    this.setInitializer(tensorFrom(name, values));
  }

  setInitializer(tensor: Tensor): void {
    this.graph.initializers.set(tensor.name, tensor);
    this.model.irVersion = Math.max(this.model.irVersion, FREE_INITIALIZERS_IR);
  }

  /** Puts a node before another one (at the end without one); it takes the origins of `cause`. */
  insert(node: Node, before: Node | undefined, cause: Node): void {
    const at = before === undefined ? -1 : this.order.indexOf(before);
    this.order.splice(at === -1 ? this.order.length : at, 0, node);
    this.live.add(node);
    const origins = this.originsOf(cause);
    this.link(node);
    if (origins.length > 0 && !this.originsByOutput.has(node.outputs[0] ?? '')) this.originsByOutput.set(node.outputs[0] ?? '', origins);
  }

  insertAfter(node: Node, before: Node): void {
    const next = this.order[this.order.indexOf(before) + 1];
    this.insert(node, next, before);
  }

  /** Gives a node's only output another name and leaves its readers, which another node serves from now on. */
  rename(node: Node, output: string): void {
    const origins = this.originsOf(node);
    this.producers.delete(node.outputs[0] ?? '');
    node.outputs = [output];
    this.producers.set(output, node);
    if (origins.length > 0) this.originsByOutput.set(output, origins);
  }

  /** Makes a node another operator with the same outputs. */
  become(node: Node, opType: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): void {
    node.opType = opType;
    node.domain = '';
    node.attributes = new Map(Object.entries(attributes));
    this.setInputs(node, inputs);
  }

  setInput(node: Node, index: number, value: string): void {
    this.unlinkInputs(node);
    while (node.inputs.length <= index) node.inputs.push('');
    node.inputs[index] = value;
    this.linkInputs(node);
  }

  setInputs(node: Node, inputs: readonly string[]): void {
    this.unlinkInputs(node);
    node.inputs = [...inputs];
    this.linkInputs(node);
  }

  /** Lets every reader of `from` read `to`; does not touch graph outputs. */
  replaceUses(from: string, to: string): void {
    for (const node of this.consumers(from)) {
      this.unlinkInputs(node);
      node.inputs = node.inputs.map((input) => (input === from ? to : input));
      renameCaptured(node, from, to);
      this.linkInputs(node);
    }
  }

  /** Makes a node's output the value of the graph under another name; the old name disappears. */
  renameOutput(node: Node, from: string, to: string): void {
    this.replaceUses(from, to);
    const key = node.outputs[0] ?? '';
    const origins = this.originsByOutput.get(key);
    this.originsByOutput.delete(key);
    this.producers.delete(from);
    this.graph.valueInfo.delete(from);
    node.outputs = node.outputs.map((output) => (output === from ? to : output));
    this.producers.set(to, node);
    if (origins !== undefined) this.originsByOutput.set(node.outputs[0] ?? '', origins);
  }

  /** Takes the node out. Its outputs must have no readers left. */
  remove(node: Node): void {
    this.unlinkInputs(node);
    for (const output of node.outputs) {
      if (this.producers.get(output) === node) this.producers.delete(output);
      if (!this.isOutput(output)) this.graph.valueInfo.delete(output);
    }
    this.originsByOutput.delete(node.outputs[0] ?? '');
    this.live.delete(node);
  }

  /** Takes out a node whose outputs other nodes have taken over. */
  replaced(node: Node): void {
    this.unlinkInputs(node);
    this.live.delete(node);
  }

  /**
   * Takes out a node whose first output equals `value`, keeping the names of graph outputs. False where that is
   * impossible: a graph output that would have to be a graph input, an initializer or another output.
   */
  bypass(node: Node, value: string): boolean {
    const output = node.outputs[0] ?? '';
    if (!this.isOutput(output)) {
      this.replaceUses(output, value);
      this.remove(node);
      return true;
    }
    const source = this.producer(value);
    if (source === undefined || this.isOutput(value)) return false;
    this.remove(node);
    this.renameOutput(source, value, output);
    return true;
  }

  originsOf(node: Node): readonly string[] {
    return this.originsByOutput.get(node.outputs[0] ?? '') ?? [];
  }

  /** `survivor` takes over the work of `merged`: it carries the origins of both, and merged layers get that form. */
  inherit(survivor: Node, merged: Node): void {
    const own = this.originsOf(survivor);
    const added = this.originsOf(merged).filter((origin) => !own.includes(origin));
    const home = own[0];
    if (added.length === 0) return;
    this.originsByOutput.set(survivor.outputs[0] ?? '', [...own, ...added]);
    if (home === undefined) return;
    for (const layer of added) this.forms.set(layer, said('form.merged', { layer: home }));
  }

  get origins(): Origins {
    return this.originsByOutput;
  }

  /** Writes the living nodes back to the graph. */
  commit(): Model {
    this.graph.nodes = this.order.filter((node) => this.live.has(node));
    return this.model;
  }

  private listsInput(value: string): boolean {
    return this.graph.inputs.some((input) => input.name === value);
  }

  private link(node: Node): void {
    for (const output of node.outputs) if (output !== '') this.producers.set(output, node);
    this.linkInputs(node);
  }

  private linkInputs(node: Node): void {
    for (const value of usedBy(node)) {
      const readers = this.readers.get(value) ?? new Set<Node>();
      readers.add(node);
      this.readers.set(value, readers);
    }
  }

  private unlinkInputs(node: Node): void {
    for (const value of usedBy(node)) {
      const readers = this.readers.get(value);
      readers?.delete(node);
      if (readers?.size === 0) this.readers.delete(value);
    }
  }
}

function usedBy(node: Node): readonly string[] {
  return [...node.inputs.filter((input) => input !== ''), ...capturedTensors(node)];
}
