// A model being edited: who makes and who reads each value is kept true through every edit, and origins follow the nodes.
// Works on a clone of the caller's model and on its main graph; names that subgraphs capture count as uses.

import { type FormCode, type Said, said } from '../../../protocol/text/index';
import { cloneModel } from '../../ir/clone';
import { capturedTensors, indexGraph } from '../../ir/graphIndex';
import type { Model, Node, Tensor } from '../../ir/model';
import { readTensor, tensorFrom } from '../../ir/tensors';
import type { NdArray } from '../../ports';
import type { Origins } from '../pass';
import { renameCaptured } from './captures';

/** From this IR version on an initializer need not be a graph input (IR.md, "Graphs"). */
export const FREE_INITIALIZERS_IR = 4;

export class GraphEditor {
  readonly model: Model;
  readonly forms = new Map<string, Said<FormCode>>();
  private readonly originsByOutput: Map<string, readonly string[]>;
  private readonly producers = new Map<string, Node>();
  private readonly readers = new Map<string, Set<Node>>();
  private readonly live: Set<Node>;
  private readonly outputNames: Set<string>;
  /** A free name like the wanted one; it counts as taken from then on. */
  readonly freeName: (wanted: string) => string;

  constructor(model: Model, origins: Origins) {
    this.model = cloneModel(model);
    this.originsByOutput = new Map(origins);
    this.live = new Set(this.graph.nodes);
    this.outputNames = new Set(this.graph.outputs.map((output) => output.name));
    const index = indexGraph(this.graph);
    this.freeName = (wanted) => index.uniqueName(wanted);
    for (const node of this.live) this.link(node);
  }

  get graph(): Model['graph'] {
    return this.model.graph;
  }

  /** Nodes in topological order as they are now; edits during the walk are safe, removed nodes are skipped. */
  *nodes(): Generator<Node> {
    for (const node of [...this.live]) if (this.live.has(node)) yield node;
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
    const readers = this.readers.get(value);
    return readers?.size === 1 && !this.isOutput(value) ? [...readers][0] : undefined;
  }

  /** The initializer of this name; an input with a default value is not constant. */
  constant(value: string | undefined): Tensor | undefined {
    if (value === undefined || value === '') return undefined;
    const tensor = this.graph.initializers.get(value);
    return tensor !== undefined && !this.graph.inputs.some((input) => input.name === value) ? tensor : undefined;
  }

  async constantValues(value: string | undefined): Promise<NdArray | undefined> {
    const tensor = this.constant(value);
    return tensor === undefined ? undefined : await readTensor(tensor);
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
    this.graph.nodes = [...this.live];
    return this.model;
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
