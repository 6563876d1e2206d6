// Typed access to node attributes, with the default of the operator's specification given by the caller.

import type { Attribute, Graph, Node, Tensor } from './model';

const utf8 = new TextDecoder();
const toUtf8 = new TextEncoder();

export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'int' ? Number(attribute.value) : fallback;
}

export function floatAttribute(node: Node, name: string, fallback: number): number;
export function floatAttribute(node: Node, name: string): number | undefined;
export function floatAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'float' ? attribute.value : fallback;
}

export function intsAttribute(node: Node, name: string): number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'ints' ? attribute.value.map(Number) : undefined;
}

export function floatsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'floats' ? attribute.value : undefined;
}

export function stringAttribute(node: Node, name: string, fallback: string): string;
export function stringAttribute(node: Node, name: string): string | undefined;
export function stringAttribute(node: Node, name: string, fallback?: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'string' ? utf8.decode(attribute.value) : fallback;
}

export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'tensor' ? attribute.value : undefined;
}

/** Subgraphs of a node (If, Loop, Scan, SequenceMap) with the attribute they belong to. */
export function subgraphs(node: Node): { readonly attribute: string; readonly graph: Graph }[] {
  const found: { attribute: string; graph: Graph }[] = [];
  for (const [attribute, value] of node.attributes) {
    if (value.kind === 'graph') found.push({ attribute, graph: value.value });
    if (value.kind === 'graphs') found.push(...value.value.map((graph) => ({ attribute, graph })));
  }
  return found;
}

/** Attribute record for a plain JavaScript value: integers become `int`, use `float()` for floats. */
export function int(value: number | bigint): Attribute {
  return { kind: 'int', value: BigInt(value) };
}

export function ints(values: readonly (number | bigint)[]): Attribute {
  return { kind: 'ints', value: values.map((value) => BigInt(value)) };
}

export function float(value: number): Attribute {
  return { kind: 'float', value };
}

export function string(value: string): Attribute {
  return { kind: 'string', value: toUtf8.encode(value) };
}
