// Calls of model-local functions replaced by the nodes of the function, so that what follows sees operators only.

import { cloneModel, cloneNode } from './clone';
import { subgraphs } from './attributes';
import { namesOf } from './graphIndex';
import type { Graph, Model, Node } from './model';
import { bindAttributes, functionOf, functionTable } from './shapes/functions';

/** Functions may call each other; a chain this deep is a cycle, whose call is left as it is. */
const MAX_DEPTH = 32;

/** The same record when the model has no functions. Functions imported at another opset than the model's are left. */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const output = cloneModel(model);
  const table = functionTable(output);
  const names = new Set(namesOf(output.graph));
  const unique = (base: string): string => {
    let name = base;
    for (let number = 2; names.has(name); number += 1) name = `${base}_${number}`;
    names.add(name);
    return name;
  };

  const expand = (node: Node, depth: number): Node[] => {
    const definition = functionOf(table, node);
    const sameOpsets = definition !== undefined && [...definition.opsets].every(([domain, version]) => (output.opsets.get(domain) ?? version) === version);
    if (definition === undefined || !sameOpsets || depth >= MAX_DEPTH) return [node];
    for (const [domain, version] of definition.opsets) output.opsets.set(domain, version);
    const prefix = node.outputs[0] ?? node.opType;
    const local = new Map<string, string>([['', '']]);
    definition.inputs.forEach((name, position) => local.set(name, node.inputs[position] ?? ''));
    const named = (name: string): string => {
      const known = local.get(name);
      if (known !== undefined) return known;
      const made = unique(`${prefix}/${name}`);
      local.set(name, made);
      return made;
    };
    const passed: Node[] = [];
    definition.outputs.forEach((name, position) => {
      const outside = node.outputs[position];
      if (outside === undefined || outside === '') return;
      // An output that is an input as well goes through an Identity.
      if (local.has(name)) passed.push({ ...cloneNode(node), name: '', opType: 'Identity', domain: '', overload: '', attributes: new Map(), inputs: [local.get(name) ?? ''], outputs: [outside] });
      else local.set(name, outside);
    });
    const inner = definition.nodes.map((part) => {
      const bound = cloneNode(bindAttributes(part, node, definition));
      for (const { graph } of subgraphs(bound)) renameInside(graph, named);
      bound.inputs = bound.inputs.map(named);
      bound.outputs = bound.outputs.map(named);
      if (bound.name !== '') bound.name = `${prefix}/${bound.name}`;
      return bound;
    });
    return [...inner.flatMap((part) => expand(part, depth + 1)), ...passed];
  };

  const expandGraph = (graph: Graph): void => {
    graph.nodes = graph.nodes.flatMap((node) => expand(node, 0));
    for (const node of graph.nodes) for (const inner of subgraphs(node)) expandGraph(inner.graph);
  };
  expandGraph(output.graph);
  return output;
}

/** Names that a subgraph of a function takes from the function get their new names; its own keep theirs under the prefix. */
function renameInside(graph: Graph, named: (name: string) => string): void {
  graph.inputs = graph.inputs.map((value) => ({ ...value, name: named(value.name) }));
  graph.initializers = new Map([...graph.initializers].map(([name, tensor]) => [named(name), { ...tensor, name: named(name) }]));
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map(named);
    node.outputs = node.outputs.map(named);
    for (const inner of subgraphs(node)) renameInside(inner.graph, named);
  }
  graph.outputs = graph.outputs.map((value) => ({ ...value, name: named(value.name) }));
  graph.valueInfo = new Map();
}
