// A copy of a model's structure that may be edited; weights are shared, since payloads are never changed in place.

import type { Attribute, Graph, Model, Node } from './model';

export function cloneModel(model: Model): Model {
  return {
    ...model,
    opsets: new Map(model.opsets),
    metadata: new Map(model.metadata),
    graph: cloneGraph(model.graph),
    functions: model.functions.map((definition) => ({
      ...definition,
      inputs: [...definition.inputs],
      outputs: [...definition.outputs],
      attributes: [...definition.attributes],
      attributeDefaults: new Map([...definition.attributeDefaults].map(([name, attribute]) => [name, cloneAttribute(attribute)])),
      nodes: definition.nodes.map(cloneNode),
      opsets: new Map(definition.opsets),
      valueInfo: new Map(definition.valueInfo),
      metadata: new Map(definition.metadata),
    })),
    trainingInfo: model.trainingInfo.map((info) => ({
      ...info,
      ...(info.initialization && { initialization: cloneGraph(info.initialization) }),
      ...(info.algorithm && { algorithm: cloneGraph(info.algorithm) }),
      initializationBinding: new Map(info.initializationBinding),
      updateBinding: new Map(info.updateBinding),
    })),
  };
}

export function cloneGraph(graph: Graph): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map(cloneNode),
    initializers: new Map(graph.initializers),
    sparseInitializers: [...graph.sparseInitializers],
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    valueInfo: new Map(graph.valueInfo),
    quantizationAnnotations: new Map(graph.quantizationAnnotations),
    metadata: new Map(graph.metadata),
  };
}

export function cloneNode(node: Node): Node {
  return {
    ...node,
    inputs: [...node.inputs],
    outputs: [...node.outputs],
    attributes: new Map([...node.attributes].map(([name, attribute]) => [name, cloneAttribute(attribute)])),
    metadata: new Map(node.metadata),
  };
}

function cloneAttribute(attribute: Attribute): Attribute {
  if (attribute.kind === 'graph') return { ...attribute, value: cloneGraph(attribute.value) };
  if (attribute.kind === 'graphs') return { ...attribute, value: attribute.value.map(cloneGraph) };
  return attribute;
}
