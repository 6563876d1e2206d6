// A weight that a graph uses at many steps gets a product of matrices from each. Their sum is one product: with the factors
// laid one below the other, A1^T B1 + A2^T B2 + ... = [A1; A2; ...]^T [B1; B2; ...]. Nothing of the weight's size is held
// for each step then, and one large product is faster than many small ones.

import { intAttribute } from '../../ir/attributes';
import { isOp, type Node } from '../../ir/model';
import type { GraphBuilder } from '../graphBuilder';

/** Below this many products, two concatenations cost what they save. */
const LEAST = 4;

/** The sum of `parts` as one product, where each is a Gemm A^T B that nothing else reads; undefined elsewhere. */
export function sumOfProducts(build: GraphBuilder, parts: readonly string[]): string | undefined {
  if (parts.length < LEAST) return undefined;
  const { nodes } = build.graph;
  const wanted = new Set(parts);
  const products = nodes.filter((node) => wanted.has(node.outputs[0] ?? ''));
  const [first] = products;
  if (first === undefined || products.length !== parts.length || !products.every(isProduct)) return undefined;
  if (nodes.some((node) => node.inputs.some((input) => wanted.has(input)))) return undefined;
  nodes.splice(0, Infinity, ...nodes.filter((node) => !wanted.has(node.outputs[0] ?? '')));
  const factor = (position: number): string => build.concat(products.map(({ inputs }) => inputs[position] ?? ''), 0);
  return build.node('Gemm', [factor(0), factor(1)], Object.fromEntries(first.attributes));
}

/** A^T B and no more. */
function isProduct(node: Node): boolean {
  return isOp(node, 'Gemm') && node.inputs.length === 2 && node.attributes.size === 1 && intAttribute(node, 'transA', 0) === 1;
}
