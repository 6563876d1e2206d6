// Changes the steering inputs of nodes (target shapes, bounds, sizes) without touching other readers of the same constant.

import type { Constants } from '../../../analysis/constants';
import { int } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { dropUnread } from '../../../ir/edit/index';
import { type GraphIndex, indexGraph } from '../../../ir/graphIndex';
import { isDefaultDomain, isOp, type Model, type Node, opsetOf, type Tensor } from '../../../ir/model';
import type { ShapeMap } from '../../../ir/shapes/index';
import { tensorFrom } from '../../../ir/tensors';
import { EngineError } from '../../../error';
import { FREE_INITIALIZERS_IR } from '../../cleanup/graphEditor';

/** ScatterElements took over from Scatter, which came with opset 9. */
const SCATTER_OPSET = 9;
const SCATTER_ELEMENTS_OPSET = 11;

export class ConstantEditor {
  private readonly index: GraphIndex;
  /** Nodes to put before a node. */
  private readonly added = new Map<Node, Node[]>();
  /** Names whose values were replaced. */
  readonly changed = new Set<string>();
  /** Inputs that lost a reader. */
  private readonly left = new Set<string>();

  /** @param shapes of the model before anything changed. */
  constructor(private readonly model: Model, private readonly constants: Constants, private readonly shapes: ShapeMap) {
    this.index = indexGraph(model.graph);
  }

  opset(node: Node): number {
    return opsetOf(this.model, isDefaultDomain(node.domain) ? '' : node.domain) ?? Infinity;
  }

  /** Integers in the type of the input that was there, int64 where there was none. */
  setInput(node: Node, position: number, values: readonly number[]): void {
    const old = node.inputs[position] ?? '';
    while (node.inputs.length <= position) node.inputs.push('');
    const type = this.shapes.tensors.get(old)?.type === 'int32' ? 'int32' : 'int64';
    const data = type === 'int32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);
    node.inputs[position] = this.place(old, node, (name) => tensorFrom(name, { type, dims: [values.length], data }));
  }

  changeElements(node: Node, position: number, values: ReadonlyMap<number, number>): void {
    const name = node.inputs[position] ?? '';
    const known = this.shapes.tensors.get(name)?.value;
    if (this.constants.has(name) && known?.every((value) => typeof value === 'number') === true) {
      this.setInput(node, position, known.map((value, at) => values.get(at) ?? Number(value)));
      return;
    }
    const producer = this.index.producer.get(name);
    if (producer !== undefined && isOp(producer, 'Concat') && this.isAlone(name) && this.changeParts(producer, values)) return;
    this.scatter(node, position, values);
  }

  /** All nodes in order, with those that were added; what made the replaced inputs is gone where nothing else reads it. */
  finish(): Node[] {
    const { graph } = this.model;
    graph.nodes = graph.nodes.flatMap((node) => [...(this.added.get(node) ?? []), node]);
    if (this.left.size > 0) dropUnread(graph, this.left);
    return graph.nodes;
  }

  /** Changes parts of a shape that Concat puts together: constant ones and whole ones; false where the elements are in others too. */
  private changeParts(concat: Node, values: ReadonlyMap<number, number>): boolean {
    const changes = new Map<number, number[]>();
    const left = new Set(values.keys());
    let start = 0;
    for (const [position, name] of concat.inputs.entries()) {
      const part = this.shapes.tensors.get(name);
      const length = part?.shape?.[0];
      if (typeof length !== 'number') return false;
      const inside = [...values].filter(([at]) => at >= start && at < start + length);
      if (inside.length > 0) {
        const isKnown = this.constants.has(name) && part?.value?.every((value) => typeof value === 'number') === true;
        if (!isKnown && inside.length < length) return false;
        changes.set(position, Array.from({ length }, (_, at) => values.get(start + at) ?? Number(part?.value?.[at])));
        for (const [at] of inside) left.delete(at);
      }
      start += length;
    }
    if (left.size > 0) return false;
    for (const [position, part] of changes) this.setInput(concat, position, part);
    return true;
  }

  /** Puts the new elements into the computed vector when the model runs. */
  private scatter(node: Node, position: number, values: ReadonlyMap<number, number>): void {
    const opset = opsetOf(this.model) ?? Infinity;
    if (opset < SCATTER_OPSET) {
      throw new EngineError('unsupportedOpset', { file: '', domain: 'ai.onnx', version: opset, pass: 'prune', supported: `${SCATTER_OPSET}+` });
    }
    const name = node.inputs[position] ?? '';
    const vector = (what: string, numbers: Iterable<number>, type: 'int64' | 'int32'): string => {
      const data = type === 'int32' ? Int32Array.from(numbers) : BigInt64Array.from(numbers, BigInt);
      return this.addInitializer(`${name}_${what}`, (own) => tensorFrom(own, { type, dims: [data.length], data }));
    };
    const output = this.index.uniqueName(`${name}_pruned`);
    const type = this.shapes.tensors.get(name)?.type === 'int32' ? 'int32' : 'int64';
    const inputs = [name, vector('places', values.keys(), 'int64'), vector('sizes', values.values(), type)];
    const scatter = makeNode(opset < SCATTER_ELEMENTS_OPSET ? 'Scatter' : 'ScatterElements', inputs, [output], { axis: int(0) });
    this.added.set(node, [...(this.added.get(node) ?? []), scatter]);
    node.inputs[position] = output;
  }

  /** Where a stored constant has no other reader it changes in place, and keeps its name; else a new one is made. */
  private place(old: string, node: Node, make: (name: string) => Tensor): string {
    const { graph } = this.model;
    this.changed.add(old);
    if (old !== '' && this.isAlone(old)) {
      const producer = this.index.producer.get(old);
      if (graph.initializers.has(old) && producer === undefined) {
        const tensor = make(old);
        graph.initializers.set(old, tensor);
        graph.inputs = graph.inputs.map((input) => (input.name === old ? { ...input, type: { kind: 'tensor', type: tensor.type, shape: tensor.dims } } : input));
        return old;
      }
      if (producer !== undefined && isOp(producer, 'Constant')) {
        producer.attributes.clear();
        producer.attributes.set('value', { kind: 'tensor', value: make('') });
        graph.valueInfo.delete(old);
        return old;
      }
    }
    if (old !== '') this.left.add(old);
    return this.addInitializer(old === '' ? `${node.outputs[0] ?? node.opType}_sizes` : `${old}_pruned`, make);
  }

  private addInitializer(wanted: string, make: (name: string) => Tensor): string {
    const name = this.index.uniqueName(wanted);
    this.model.graph.initializers.set(name, make(name));
    this.model.irVersion = Math.max(this.model.irVersion, FREE_INITIALIZERS_IR);
    return name;
  }

  private isAlone(name: string): boolean {
    return this.index.uses(name).length === 1 && !this.index.outputs.has(name);
  }
}
