// Calls of model-local functions: finding the definition and putting the caller's attributes into its nodes.

import type { Attribute, FunctionDefinition, Model, Node } from '../model';

/** Functions of a model by domain, name and overload. */
export type FunctionTable = ReadonlyMap<string, FunctionDefinition>;

const keyOf = (domain: string, name: string, overload: string): string => JSON.stringify([domain, name, overload]);

export function functionTable(model: Pick<Model, 'functions'>): FunctionTable {
  return new Map(model.functions.map((definition) => [keyOf(definition.domain, definition.name, definition.overload), definition]));
}

export function functionOf(functions: FunctionTable, node: Node): FunctionDefinition | undefined {
  return functions.size === 0 ? undefined : functions.get(keyOf(node.domain, node.opType, node.overload));
}

/** `inner` with attribute references replaced by the caller's values or the function's defaults; absent ones go. */
export function bindAttributes(inner: Node, caller: Node, definition: FunctionDefinition): Node {
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of inner.attributes) {
    const bound = attribute.kind === 'reference'
      ? (caller.attributes.get(attribute.value) ?? definition.attributeDefaults.get(attribute.value)) : attribute;
    if (bound !== undefined) attributes.set(name, bound);
  }
  return { ...inner, attributes };
}
