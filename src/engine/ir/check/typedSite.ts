// Puts what inference knows beside a node, for the rules about types.

import type { Graph, ValueType } from '../model';
import { type FormalParameter, parameterAt } from '../schemas/index';
import type { ShapeMap, TensorShape } from '../shapes/index';
import type { BodySite, NodeSite, TypedNodeSite, TypedValue } from './site';
import { typeString } from './typeStrings';

/** Makes typed sites of the nodes of a model. */
export function typedSites(shapes: ShapeMap): (site: NodeSite) => TypedNodeSite {
  const contradicted = new Set(shapes.notes.flatMap(({ kind, tensor }) => (kind === 'contradiction' ? [tensor] : [])));
  const stated = new Map<Graph, ReadonlyMap<string, ValueType>>();
  return (site) => {
    const { graph } = site.body;
    const types = (graph && stated.get(graph)) ?? statedTypes(graph);
    if (graph !== undefined) stated.set(graph, types);
    return typedSite(site, shapes, types, contradicted);
  };
}

function statedTypes(graph: Graph | undefined): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>();
  for (const { name, type } of [...(graph?.outputs ?? []), ...(graph?.valueInfo.values() ?? [])]) if (type !== undefined) types.set(name, type);
  return types;
}

function typedSite(site: NodeSite, shapes: ShapeMap, stated: ReadonlyMap<string, ValueType>, contradicted: ReadonlySet<string>): TypedNodeSite {
  const typeOf = (value: string): TensorShape | undefined => typeAt(site.body, value, shapes);
  const values: TypedValue[] = [];
  const collect = (names: readonly string[], parameters: readonly FormalParameter[]): void => {
    for (const [index, name] of names.entries()) {
      const parameter = parameterAt(parameters, index);
      const type = name === '' || parameter === undefined ? undefined : typeString(typeOf(name));
      if (parameter !== undefined && type !== undefined) values.push({ name, type, parameter });
    }
  };
  collect(site.node.inputs, site.schema?.inputs ?? []);
  collect(site.node.outputs, site.schema?.outputs ?? []);
  return { ...site, typeOf, values, stated, contradicted };
}

/** The nearest value of the name, from the body outwards. */
function typeAt(body: BodySite, value: string, shapes: ShapeMap): TensorShape | undefined {
  for (let at: BodySite | undefined = body; at !== undefined; at = at.outer) {
    const known = at.graph === at.model.graph ? shapes.tensors : at.graph && shapes.bodies.get(at.graph);
    const found = known?.get(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
