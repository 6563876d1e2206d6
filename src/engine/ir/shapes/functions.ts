// Calls of model-local functions: finding the definition and putting the caller's attributes into its nodes.

import type { Attribute, FunctionDefinition, Model, Node } from '../model';

export function functionOf(model: Pick<Model, 'functions'>, node: Node): FunctionDefinition | undefined {
  return model.functions.find((definition) =>
    definition.name === node.opType && definition.domain === node.domain && definition.overload === node.overload);
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
