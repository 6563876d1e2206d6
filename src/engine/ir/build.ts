// Small constructors for graphs that the engine builds itself: calibration, comparison, linear algebra.

import type { DataType } from './dataTypes';
import type { Attribute, Dim, Graph, Model, Node, Tensor, ValueInfo } from './model';

export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  options: { readonly name?: string; readonly domain?: string } = {},
): Node {
  return {
    name: options.name ?? '',
    opType,
    domain: options.domain ?? '',
    overload: '',
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: new Map(Object.entries(attributes)),
    docString: '',
    metadata: new Map(),
  };
}

export function makeValue(name: string, type: DataType, shape: readonly Dim[] | null): ValueInfo {
  return { name, type: { kind: 'tensor', type, shape } };
}

export function makeGraph(parts: {
  readonly name?: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers?: readonly Tensor[];
}): Graph {
  return {
    name: parts.name ?? 'graph',
    docString: '',
    nodes: [...parts.nodes],
    initializers: new Map((parts.initializers ?? []).map((tensor) => [tensor.name, tensor])),
    sparseInitializers: [],
    inputs: [...parts.inputs],
    outputs: [...parts.outputs],
    valueInfo: new Map(),
    quantizationAnnotations: new Map(),
    metadata: new Map(),
  };
}

/** IR version that came with opset 21 (ONNX 1.16), the default of graphs we build. */
const DEFAULT_IR_VERSION = 10;
const DEFAULT_OPSET = 21;

export function makeModel(graph: Graph, opsets: Readonly<Record<string, number>> = { '': DEFAULT_OPSET }, irVersion = DEFAULT_IR_VERSION): Model {
  return {
    irVersion,
    opsets: new Map(Object.entries(opsets)),
    producerName: 'decant',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    metadata: new Map(),
    graph,
    functions: [],
    trainingInfo: [],
    deviceConfigurations: [],
    sources: [],
  };
}
