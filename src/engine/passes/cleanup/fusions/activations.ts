// Activations that exporters write out as arithmetic: Gelu (ONNX 20), Mish (18), HardSwish (14), Swish (24). Each is made
// only where the model's opset has the operator, and only of constants that are those of its definition.

import { float, floatAttribute, string } from '../../../ir/attributes';
import { isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';
import { close, fuse, madeBy, operandBeside, type Product, productOf } from './pattern';

/** A rule that tries every Mul and Div as the root of the activation's product. */
function activation(id: string, [since, until]: readonly [number, number?], apply: (root: Node, product: Product, editor: GraphEditor) => Promise<boolean> | boolean): CleanupRule {
  return {
    id,
    async apply(editor, context) {
      let edits = 0;
      if (context.opset < since || context.opset > (until ?? Infinity)) return edits;
      for (const node of editor.nodes()) {
        if (!isOp(node, 'Mul', 'Div') || (isOp(node, 'Div') && editor.constant(node.inputs[1]) === undefined)) continue;
        if (await apply(node, await productOf(node, editor), editor)) edits += 1;
      }
      return edits;
    },
  };
}

/** 0.5 x (1 + erf(x / sqrt 2)), and with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in its place (Hendrycks 2016). */
export const fuseGelu = activation('fuseGelu', [20], async (root, product, editor) => {
  const { values, constant, nodes } = product;
  if (values.length !== 2 || !close(constant, 0.5)) return false;
  for (const [x = '', sum = ''] of [values, [...values].reverse()]) {
    const add = madeBy(sum, editor, 'Add');
    const inner = add === undefined ? undefined : madeBy(await operandBeside(add, 1, editor), editor, 'Erf', 'Tanh');
    if (add === undefined || inner === undefined) continue;
    const argument = isOp(inner, 'Erf') ? await scaledBy(inner.inputs[0], x, Math.SQRT1_2, editor) : await cubic(inner.inputs[0], x, editor);
    if (argument === undefined) continue;
    const approximate = isOp(inner, 'Tanh') ? { approximate: string('tanh') } : {};
    if (fuse(root, [...nodes, add, inner, ...argument], 'Gelu', [x], approximate, editor)) return true;
  }
  return false;
});

/** The nodes of x * factor. */
async function scaledBy(value: string | undefined, x: string, factor: number, editor: GraphEditor): Promise<readonly Node[] | undefined> {
  const root = madeBy(value, editor, 'Mul', 'Div');
  if (root === undefined || (isOp(root, 'Div') && editor.constant(root.inputs[1]) === undefined)) return undefined;
  const { values, constant, nodes } = await productOf(root, editor);
  return values.length === 1 && values[0] === x && close(constant, factor) ? nodes : undefined;
}

const CUBIC = 0.044715;

/** The nodes of sqrt(2 / pi) (x + 0.044715 x^3), also written sqrt(2 / pi) x (1 + 0.044715 x^2). */
async function cubic(value: string | undefined, x: string, editor: GraphEditor): Promise<readonly Node[] | undefined> {
  const root = madeBy(value, editor, 'Mul');
  if (root === undefined) return undefined;
  const outer = await productOf(root, editor);
  if (!close(outer.constant, Math.sqrt(2 / Math.PI))) return undefined;
  const sum = madeBy(outer.values.find((part) => part !== x), editor, 'Add');
  if (sum === undefined) return undefined;
  const isShort = outer.values.length === 2 && outer.values.includes(x);
  if (!isShort && outer.values.length !== 1) return undefined;
  const rest = isShort ? await operandBeside(sum, 1, editor) : sum.inputs.find((input) => input !== x);
  if (rest === undefined || (!isShort && !sum.inputs.includes(x))) return undefined;
  const power = await powerOf(rest, x, editor);
  return power?.exponent === (isShort ? 2 : 3) && close(power.constant, CUBIC) ? [...outer.nodes, sum, ...power.nodes] : undefined;
}

/** The value as constant * x^exponent. */
async function powerOf(value: string, x: string, editor: GraphEditor): Promise<{ readonly exponent: number; readonly constant: number; readonly nodes: readonly Node[] } | undefined> {
  const root = madeBy(value, editor, 'Mul', 'Pow');
  if (root === undefined) return undefined;
  const product = isOp(root, 'Mul') ? await productOf(root, editor) : { values: [value], constant: 1, nodes: [] };
  const nodes = [...product.nodes];
  let exponent = 0;
  for (const part of product.values) {
    const pow = part === x ? undefined : madeBy(part, editor, 'Pow');
    const power = part === x ? 1 : pow?.inputs[0] === x ? await editor.constantScalar(pow.inputs[1]) : undefined;
    if (power === undefined) return undefined;
    exponent += power;
    if (pow !== undefined) nodes.push(pow);
  }
  return { exponent, constant: product.constant, nodes };
}

/** x * tanh(softplus(x)) (Misra 2019). */
export const fuseMish = activation('fuseMish', [18], (root, { values, constant, nodes }, editor) => {
  if (values.length !== 2 || constant !== 1) return false;
  for (const [x = '', bounded = ''] of [values, [...values].reverse()]) {
    const tanh = madeBy(bounded, editor, 'Tanh');
    const softplus = madeBy(tanh?.inputs[0], editor, 'Softplus');
    if (tanh !== undefined && softplus?.inputs[0] === x && fuse(root, [...nodes, tanh, softplus], 'Mish', [x], {}, editor)) return true;
  }
  return false;
});

/**
 * x * sigmoid(alpha x) (Ramachandran 2017; SiLU for alpha 1). Not at opset 25: onnxruntime 1.30 has no kernel, and expands
 * the operator into its definition at opset 24 only.
 */
export const fuseSwish = activation('fuseSwish', [24, 24], async (root, { values, constant, nodes }, editor) => {
  if (values.length !== 2 || constant !== 1) return false;
  for (const [x = '', gate = ''] of [values, [...values].reverse()]) {
    const sigmoid = madeBy(gate, editor, 'Sigmoid');
    if (sigmoid === undefined) continue;
    const argument = sigmoid.inputs[0] ?? '';
    const scale = madeBy(argument, editor, 'Mul');
    const scaled = scale === undefined || argument === x ? undefined : await productOf(scale, editor);
    const alpha = argument === x ? 1 : scaled?.values.length === 1 && scaled.values[0] === x ? scaled.constant : undefined;
    if (alpha === undefined) continue;
    if (fuse(root, [...nodes, sigmoid, ...(scaled?.nodes ?? [])], 'Swish', [x], alpha === 1 ? {} : { alpha: float(alpha) }, editor)) return true;
  }
  return false;
});

/** x * max(0, min(1, x / 6 + 1 / 2)) (Howard 2019), also written x * clip(x + 3, 0, 6) / 6. */
export const fuseHardSwish = activation('fuseHardSwish', [14], async (root, { values, constant, nodes }, editor) => {
  if (values.length !== 2) return false;
  for (const [x = '', gate = ''] of [values, [...values].reverse()]) {
    const inside = close(constant, 1) ? hardSigmoid(gate, x, editor) : close(constant, 1 / 6) ? await clipped(gate, x, editor) : undefined;
    if (inside !== undefined && fuse(root, [...nodes, ...inside], 'HardSwish', [x], {}, editor)) return true;
  }
  return false;
});

function hardSigmoid(value: string, x: string, editor: GraphEditor): readonly Node[] | undefined {
  const node = madeBy(value, editor, 'HardSigmoid');
  // Defaults of HardSigmoid: alpha 0.2, beta 0.5.
  const fits = node?.inputs[0] === x && close(floatAttribute(node, 'alpha', 0.2), 1 / 6) && close(floatAttribute(node, 'beta', 0.5), 0.5);
  return node !== undefined && fits ? [node] : undefined;
}

/** The nodes of clip(x + 3, 0, 6). */
async function clipped(value: string, x: string, editor: GraphEditor): Promise<readonly Node[] | undefined> {
  const clip = madeBy(value, editor, 'Clip');
  if (clip === undefined || await editor.constantScalar(clip.inputs[1]) !== 0 || await editor.constantScalar(clip.inputs[2]) !== 6) return undefined;
  const add = madeBy(clip.inputs[0], editor, 'Add');
  return add !== undefined && await operandBeside(add, 3, editor) === x ? [clip, add] : undefined;
}
