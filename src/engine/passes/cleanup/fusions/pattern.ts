// Small tools to recognise an operator in the nodes that an exporter made of it: products in any order, constants with a
// tolerance, and whether the nodes in between serve nothing else.

import { intAttribute, intsAttribute } from '../../../ir/attributes';
import { type Attribute, isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';

/** Relative; constants of exporters are rounded to float32 (6e-8) or written with seven digits. */
const CLOSE = 1e-6;

export function close(value: number | undefined, wanted: number): boolean {
  return value !== undefined && Math.abs(value - wanted) <= CLOSE * Math.abs(wanted);
}

/** The factors of a product of Mul nodes, and those nodes; Div by a constant counts as a factor. */
export interface Product {
  /** Values that are no constants, and no products that serve this one alone. */
  readonly values: readonly string[];
  /** Product of the constant factors of one element. */
  readonly constant: number;
  readonly nodes: readonly Node[];
}

/** What `root` multiplies: nested Mul nodes are opened where only the product reads them. */
export async function productOf(root: Node, editor: GraphEditor): Promise<Product> {
  const values: string[] = [];
  const nodes: Node[] = [root];
  let constant = 1;
  const visit = async (value: string, sign: 1 | -1): Promise<void> => {
    const scalar = await editor.constantScalar(value);
    if (scalar !== undefined) {
      constant *= scalar ** sign;
      return;
    }
    const node = editor.producer(value);
    if (sign === 1 && node !== undefined && isFactor(node, editor) && nodes.length < MOST_FACTORS && editor.soleConsumer(value) !== undefined) {
      nodes.push(node);
      await operands(node);
    } else {
      values.push(value);
    }
  };
  const operands = async (node: Node): Promise<void> => {
    const [left = '', right = ''] = node.inputs;
    await visit(left, 1);
    await visit(right, isOp(node, 'Div') ? -1 : 1);
  };
  await operands(root);
  return { values, constant, nodes };
}

/** No operator recognised here is a longer product. */
const MOST_FACTORS = 6;

function isFactor(node: Node, editor: GraphEditor): boolean {
  return isOp(node, 'Mul') || (isOp(node, 'Div') && editor.constant(node.inputs[1]) !== undefined);
}

/** The other operand of a node with two, if one is a constant with one element close to `wanted`. */
export async function operandBeside(node: Node, wanted: number, editor: GraphEditor): Promise<string | undefined> {
  const [left = '', right = ''] = node.inputs;
  if (close(await editor.constantScalar(right), wanted)) return left;
  return close(await editor.constantScalar(left), wanted) ? right : undefined;
}

/** The node of one of these operators that makes the value. */
export function madeBy(value: string | undefined, editor: GraphEditor, ...opTypes: readonly string[]): Node | undefined {
  const node = value === undefined ? undefined : editor.producer(value);
  return node !== undefined && isOp(node, ...opTypes) ? node : undefined;
}

/** Makes `root` the fused operator and takes out the nodes inside; false, and nothing done, where another node reads one of them. */
export function fuse(root: Node, inside: readonly Node[], opType: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>, editor: GraphEditor): boolean {
  const all = new Set([root, ...inside]);
  const others = [...all].filter((node) => node !== root);
  const serves = (node: Node): boolean => node.outputs.every((output) =>
    output === '' || (!editor.isOutput(output) && editor.consumers(output).every((reader) => all.has(reader))));
  if (!others.every(serves)) return false;
  editor.become(root, opType, inputs, attributes);
  for (const node of others) {
    editor.inherit(root, node);
    editor.remove(node);
  }
  return true;
}

/** The axes of a reduction, from the attribute or the constant input. */
export async function reducedAxes(node: Node, editor: GraphEditor): Promise<readonly number[] | undefined> {
  const attribute = intsAttribute(node, 'axes');
  if (attribute !== undefined) return attribute;
  const values = await editor.constantValues(node.inputs[1]);
  return values === undefined ? undefined : Array.from(values.data as ArrayLike<bigint>, Number);
}

/** The axis from which on a mean with kept dimensions is taken over all last axes of a value of this rank. */
export async function meanFromAxis(node: Node, rank: number, editor: GraphEditor): Promise<number | undefined> {
  if (!isOp(node, 'ReduceMean') || intAttribute(node, 'keepdims', 1) !== 1) return undefined;
  const axes = (await reducedAxes(node, editor))?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const first = axes?.[0];
  if (axes === undefined || first === undefined) return undefined;
  return axes.length === rank - first && axes.every((axis, index) => axis === first + index) ? first : undefined;
}
