// Raises the opset of a model by following every change of its operators (opsets/changes.ts), one opset at a time, in the
// main graph, all subgraphs and local functions. Never lowers it, and refuses by name what it cannot convert.

import { EngineError } from '../error';
import { int, subgraphs, tensorAttribute } from './attributes';
import { makeGraph, makeNode } from './build';
import { cloneModel } from './clone';
import { wireOf } from './dataTypes';
import { indexGraph } from './graphIndex';
import { type FunctionDefinition, type Graph, isDefaultDomain, type Model, type Node, nodeLabel, opsetOf } from './model';
import { changes } from './opsets/changes';
import { operatorHistory } from './opsets/history';
import type { ChangeTools } from './opsets/tools';
import { inferShapes, type ShapeMap } from './shapes/index';
import { readNumbers, tensorFrom } from './tensors';

/** Oldest opset that passes work with: broadcasting became numpy's in 7. */
export const OLDEST_OPSET = 7;
/** Newest opset known here (ONNX 1.20). */
export const NEWEST_OPSET = 25;

/** Oldest IR version in which an opset was published (ONNX, docs/Versioning.md). */
const irVersions: readonly (readonly [opset: number, irVersion: number])[] = [
  [9, 4], [10, 5], [11, 6], [12, 7], [15, 8], [19, 9], [21, 10], [23, 11], [24, 12], [25, 13],
];

export interface Conversion {
  readonly model: Model;
  /** For nodes of the main graph that the conversion added: the node they were added for, by first outputs. */
  readonly added: ReadonlyMap<string, string>;
}

/**
 * The model at `opset` of ai.onnx; the same record when it is there already.
 *
 * @throws EngineError `unsupportedOpset` below 7, `unsupportedOperator` for what cannot be converted.
 */
export async function convertOpset(model: Model, opset: number): Promise<Conversion> {
  const from = opsetOf(model);
  if (from === undefined || from >= opset) return { model, added: new Map() };
  if (from < OLDEST_OPSET) {
    throw new EngineError('unsupportedOpset', {
      file: model.graph.name, version: from, domain: 'ai.onnx', pass: 'opset conversion', supported: `${OLDEST_OPSET}-${NEWEST_OPSET}`,
    });
  }
  const converted = cloneModel(model);
  const conversion = new Converter(converted, await inferShapes(model));
  for (let version = from + 1; version <= opset; version++) await conversion.step(converted.graph, version);
  setOpset(converted.opsets, opset);
  for (const definition of converted.functions) await convertFunction(definition, converted, opset);
  const needed = irVersions.findLast(([first]) => first <= opset)?.[1] ?? 0;
  converted.irVersion = Math.max(converted.irVersion, needed);
  return { model: converted, added: conversion.added };
}

function setOpset(opsets: Map<string, number>, opset: number): void {
  for (const domain of ['', 'ai.onnx']) if (opsets.has(domain)) opsets.set(domain, opset);
}

/** A function imports opsets of its own; nothing is known of the values in it. */
async function convertFunction(definition: FunctionDefinition, model: Model, opset: number): Promise<void> {
  const named = (name: string): { readonly name: string } => ({ name });
  const graph = makeGraph({ nodes: definition.nodes, inputs: definition.inputs.map(named), outputs: definition.outputs.map(named) });
  const conversion = new Converter({ ...model, graph }, { tensors: new Map() });
  for (let version = (opsetOf(definition) ?? opset) + 1; version <= opset; version++) await conversion.step(graph, version);
  definition.nodes = graph.nodes;
  setOpset(definition.opsets, opset);
}

class Converter {
  readonly added = new Map<string, string>();
  private readonly freeName: (wanted: string) => string;

  constructor(private readonly model: Model, private readonly shapes: Pick<ShapeMap, 'tensors'>) {
    const index = indexGraph(model.graph);
    this.freeName = (wanted) => index.uniqueName(wanted);
  }

  /** Converts a graph, and the graphs inside it, from opset `version - 1` to `version`. */
  async step(graph: Graph, version: number): Promise<void> {
    const nodes: Node[] = [];
    const index = indexGraph(graph);
    const isUsed = (value: string): boolean => value !== '' && (index.outputs.has(value) || index.uses(value).length > 0);
    for (const node of graph.nodes) {
      for (const { graph: inner } of subgraphs(node)) await this.step(inner, version);
      if (isDefaultDomain(node.domain)) await this.convert(node, graph, version, isUsed, nodes);
      nodes.push(node);
    }
    graph.nodes = nodes;
  }

  private async convert(node: Node, graph: Graph, version: number, isUsed: ChangeTools['isUsed'], before: Node[]): Promise<void> {
    if (operatorHistory[node.opType] === undefined) this.refuse(node, version);
    const change = changes[node.opType]?.[version];
    if (change === undefined) return;
    // The value of an attribute that the caller of a function gives is not known here.
    if ([...node.attributes.values()].some(({ kind }) => kind === 'reference')) this.refuse(node, version);
    const emit = (added: Node): void => {
      before.push(added);
      if (graph === this.model.graph) this.added.set(added.outputs[0] ?? '', node.outputs[0] ?? '');
    };
    const constant: ChangeTools['constant'] = (wanted, values) => {
      const name = this.freeName(`${node.outputs[0] ?? node.opType}_${wanted}`);
      emit(makeNode('Constant', [], [name], { value: { kind: 'tensor', value: tensorFrom('', values) } }));
      return name;
    };
    await change(node, {
      emit,
      constant,
      isUsed,
      freeName: this.freeName,
      scalarLike: (wanted, value, like) => {
        const name = constant(wanted, { type: 'float32', dims: [], data: Float32Array.of(value) });
        const type = this.shapes.tensors.get(like)?.type ?? 'undefined';
        if (type === 'float32') return name;
        if (type === 'undefined') this.refuse(node, version);
        const cast = this.freeName(`${name}_cast`);
        emit(makeNode('Cast', [name], [cast], { to: int(wireOf(type)) }));
        return cast;
      },
      constantValues: (name) => constantValues(name, graph, [...before, ...graph.nodes]),
      type: (name) => this.shapes.tensors.get(name)?.type ?? 'undefined',
      shape: (name) => this.shapes.tensors.get(name)?.shape ?? undefined,
      refuse: () => this.refuse(node, version),
    });
  }

  private refuse(node: Node, version: number): never {
    throw new EngineError(
      'unsupportedOperator',
      { node: nodeLabel(node), op: node.opType, opset: version - 1, domain: 'ai.onnx', by: `the conversion to opset ${version}` },
      { node: nodeLabel(node) },
    );
  }
}

async function constantValues(name: string, graph: Graph, nodes: readonly Node[]): Promise<readonly number[] | undefined> {
  const producer = nodes.find((node) => node.outputs.includes(name));
  const tensor = graph.initializers.get(name) ?? (producer?.opType === 'Constant' ? tensorAttribute(producer, 'value') : undefined);
  return tensor === undefined ? undefined : readNumbers(tensor);
}
