// What rules look at: a graph, a node, a tensor or a function together with its surroundings. The walk (walk.ts) makes them.

import type { FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor, ValueType } from '../model';
import type { FormalParameter, OperatorSchema } from '../schemas/index';
import type { TensorShape } from '../shapes/index';
import type { ModelParts } from './parts';

/** Names of values that exist at one point of the walk; those of the graphs around are visible from a subgraph. */
export class Scope {
  private readonly names = new Set<string>();

  constructor(readonly outer?: Scope) {}

  add(name: string): void {
    if (name !== '') this.names.add(name);
  }

  hasOwn(name: string): boolean {
    return this.names.has(name);
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false);
  }
}

export interface ModelSite {
  readonly model: Model;
  readonly parts: ModelParts;
}

export interface GraphSite {
  readonly model: Model;
  readonly graph: Graph;
  /** False for bodies of nodes. */
  readonly main: boolean;
  /** Names that nodes of this graph or of the graphs around it make, at any place. */
  makes(name: string): boolean;
  /** Names that nodes of this graph make. */
  readonly made: ReadonlySet<string>;
}

/** A list of nodes: a graph's or a function's. */
export interface BodySite {
  readonly model: Model;
  /** The graph that has the nodes; undefined for the body of a function. */
  readonly graph: Graph | undefined;
  readonly nodes: readonly Node[];
  /** Set when the nodes are the body of a local function (or in a subgraph of it). */
  readonly within: FunctionDefinition | undefined;
  /** Opsets that hold here: the model's, or the function's. */
  readonly opsets: Model['opsets'];
  /** The body around it, when it is that of a node. */
  readonly outer: BodySite | undefined;
  /** Names that nodes of this body or of those around it make, at any place. */
  makes(name: string): boolean;
}

export interface NodeSite {
  readonly body: BodySite;
  readonly node: Node;
  /** Values that exist before the node runs. */
  readonly scope: Scope;
  /** Of the node's domain; undefined when it is not imported. */
  readonly opset: number | undefined;
  /** Of the node's operator at that opset; undefined when unknown. */
  readonly schema: OperatorSchema | undefined;
  /** The local function that the node calls. */
  readonly calls: FunctionDefinition | undefined;
}

export interface TensorSite {
  readonly tensor: Tensor;
}

export interface SparseSite {
  readonly sparse: SparseTensor;
  /** Elements of `indices` in row-major order; undefined when they are too many to read. */
  readonly indices: ArrayLike<bigint> | undefined;
}

export interface FunctionSite {
  readonly model: Model;
  readonly definition: FunctionDefinition;
}

/** A node with what inference knows of its values. */
export interface TypedNodeSite extends NodeSite {
  /** Undefined for a value of which nothing is known. */
  typeOf(value: string): TensorShape | undefined;
  /** Inputs, then outputs, as far as their type is known and the schema has a parameter for them. */
  readonly values: readonly TypedValue[];
  /** Types that the graph of the node states for inner values and outputs. */
  readonly stated: ReadonlyMap<string, ValueType>;
  /** Values whose type or shape in the file is not the inferred one. */
  readonly contradicted: ReadonlySet<string>;
}


export interface TypedValue {
  readonly name: string;
  /** As schemas write it. */
  readonly type: string;
  readonly parameter: FormalParameter;
}
