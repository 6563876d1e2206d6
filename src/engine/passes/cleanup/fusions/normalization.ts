// LayerNormalization (ONNX 17) and RMSNormalization (23) from the reductions and arithmetic that exporters write instead.

import { float, int } from '../../../ir/attributes';
import { isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { elementType, sameShape, shapeOf } from '../types';
import { fuse, madeBy, meanFromAxis } from './pattern';

interface Deviation {
  /** What is normalized. */
  readonly x: string;
  /** First of the last axes that are normalized together. */
  readonly axis: number;
  readonly epsilon: number;
  readonly nodes: readonly Node[];
}

/** d / sqrt(mean(d^2) + epsilon) with d = x - mean(x), times scale, plus bias (Ba 2016). */
export const fuseLayerNormalization: CleanupRule = {
  id: 'fuseLayerNormalization',
  async apply(editor, context) {
    let edits = 0;
    if (context.opset < 17) return edits;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Add')) continue;
      if (await written(node, editor, context) || await distributed(node, editor, context)) edits += 1;
    }
    return edits;
  },
};

async function written(root: Node, editor: GraphEditor, context: RuleContext): Promise<boolean> {
  for (const [product, bias] of orders(root)) {
    const mul = madeBy(product, editor, 'Mul');
    for (const [normal, scale] of mul === undefined ? [] : orders(mul)) {
      const found = await normalized(normal, editor, context, centered);
      if (mul === undefined || found === undefined || !fits([scale, bias], found, context)) continue;
      const attributes = { axis: int(found.axis - rankOf(found.x, context)), epsilon: float(found.epsilon) };
      if (fuse(root, [mul, ...found.nodes], 'LayerNormalization', [found.x, scale, bias], attributes, editor)) return true;
    }
  }
  return false;
}

/** As TensorFlow writes it: x * r + (bias - mean * r) with r = scale / sqrt(variance + epsilon). */
async function distributed(root: Node, editor: GraphEditor, context: RuleContext): Promise<boolean> {
  for (const [product, rest] of orders(root)) {
    const [scaled, sub] = [madeBy(product, editor, 'Mul'), madeBy(rest, editor, 'Sub')];
    const shift = madeBy(sub?.inputs[1], editor, 'Mul');
    if (scaled === undefined || sub === undefined || shift === undefined) continue;
    for (const [x, factor] of orders(scaled)) {
      const mul = madeBy(factor, editor, 'Mul');
      const mean = shift.inputs.find((input) => input !== factor);
      for (const [inverse, scale] of mul === undefined ? [] : orders(mul)) {
        const found = await inverseDeviation(inverse, editor, context, centered);
        const average = madeBy(mean, editor, 'ReduceMean');
        if (mul === undefined || found?.x !== x || average?.inputs[0] !== x || !found.nodes.includes(average)) continue;
        const bias = sub.inputs[0] ?? '';
        if (!shift.inputs.includes(factor) || !fits([scale, bias], found, context)) continue;
        const attributes = { axis: int(found.axis - rankOf(x, context)), epsilon: float(found.epsilon) };
        if (fuse(root, [scaled, sub, shift, mul, ...found.nodes], 'LayerNormalization', [x, scale, bias], attributes, editor)) return true;
      }
    }
  }
  return false;
}

/** x / sqrt(mean(x^2) + epsilon) times scale (Zhang 2019). */
export const fuseRmsNormalization: CleanupRule = {
  id: 'fuseRmsNormalization',
  async apply(editor, context) {
    let edits = 0;
    if (context.opset < 23) return edits;
    for (const node of editor.nodes()) {
      for (const [normal, scale] of isOp(node, 'Mul') ? orders(node) : []) {
        const found = await normalized(normal, editor, context, (value) => ({ x: value, nodes: [] }));
        if (found === undefined || !fits([scale], found, context)) continue;
        const attributes = { axis: int(found.axis - rankOf(found.x, context)), epsilon: float(found.epsilon) };
        if (!fuse(node, found.nodes, 'RMSNormalization', [found.x, scale], attributes, editor)) continue;
        edits += 1;
        break;
      }
    }
    return edits;
  },
};

type Center = (value: string, editor: GraphEditor) => { readonly x: string; readonly nodes: readonly Node[] } | undefined;

/** x - mean(x): the mean's axes are those of the variance, which is checked with them. */
const centered: Center = (value, editor) => {
  const sub = madeBy(value, editor, 'Sub');
  const mean = madeBy(sub?.inputs[1], editor, 'ReduceMean');
  if (sub === undefined || mean === undefined || mean.inputs[0] !== sub.inputs[0]) return undefined;
  return { x: sub.inputs[0] ?? '', nodes: [sub, mean] };
};

/** The value as d / deviation, or d * (1 / deviation), where d is what the deviation is taken of. */
async function normalized(value: string, editor: GraphEditor, context: RuleContext, center: Center): Promise<Deviation | undefined> {
  const div = madeBy(value, editor, 'Div');
  if (div !== undefined) {
    const found = await deviation(div.inputs[1], editor, context, center);
    return found !== undefined && numerator(div.inputs[0], found, editor, center) ? { ...found, nodes: [div, ...found.nodes] } : undefined;
  }
  const mul = madeBy(value, editor, 'Mul');
  for (const [top, inverse] of mul === undefined ? [] : orders(mul)) {
    const found = await inverseDeviation(inverse, editor, context, center);
    if (mul !== undefined && found !== undefined && numerator(top, found, editor, center)) return { ...found, nodes: [mul, ...found.nodes] };
  }
  return undefined;
}

/** Whether the value is what the deviation was taken of, centered alike. */
function numerator(value: string | undefined, found: Deviation, editor: GraphEditor, center: Center): boolean {
  const part = value === undefined ? undefined : center(value, editor);
  return part?.x === found.x && part.nodes.every((node) => found.nodes.includes(node));
}

async function inverseDeviation(value: string, editor: GraphEditor, context: RuleContext, center: Center): Promise<Deviation | undefined> {
  const reciprocal = madeBy(value, editor, 'Reciprocal');
  const div = madeBy(value, editor, 'Div');
  if (div !== undefined && await editor.constantScalar(div.inputs[0]) === 1) return with1(div, await deviation(div.inputs[1], editor, context, center));
  if (reciprocal !== undefined) return with1(reciprocal, await deviation(reciprocal.inputs[0], editor, context, center));
  const pow = madeBy(value, editor, 'Pow');
  if (pow === undefined || await editor.constantScalar(pow.inputs[1]) !== -0.5) return undefined;
  return with1(pow, await variance(pow.inputs[0], editor, context, center));
}

function with1(node: Node, found: Deviation | undefined): Deviation | undefined {
  return found === undefined ? undefined : { ...found, nodes: [node, ...found.nodes] };
}

/** sqrt(mean(d^2) + epsilon). */
async function deviation(value: string | undefined, editor: GraphEditor, context: RuleContext, center: Center): Promise<Deviation | undefined> {
  const root = madeBy(value, editor, 'Sqrt', 'Pow');
  if (root === undefined || (isOp(root, 'Pow') && await editor.constantScalar(root.inputs[1]) !== 0.5)) return undefined;
  return with1(root, await variance(root.inputs[0], editor, context, center));
}

async function variance(value: string | undefined, editor: GraphEditor, context: RuleContext, center: Center): Promise<Deviation | undefined> {
  const add = madeBy(value, editor, 'Add');
  for (const [average, small] of add === undefined ? [] : orders(add)) {
    const [mean, epsilon] = [madeBy(average, editor, 'ReduceMean'), await editor.constantScalar(small)];
    const square = madeBy(mean?.inputs[0], editor, 'Pow', 'Mul');
    if (add === undefined || mean === undefined || epsilon === undefined || square === undefined || !(epsilon >= 0)) continue;
    const squares = isOp(square, 'Mul') ? square.inputs[0] === square.inputs[1] : await editor.constantScalar(square.inputs[1]) === 2;
    const part = squares ? center(square.inputs[0] ?? '', editor) : undefined;
    if (part === undefined) continue;
    const rank = rankOf(part.x, context);
    const axis = await meanFromAxis(mean, rank, editor);
    const means = part.nodes.filter((node) => isOp(node, 'ReduceMean'));
    const same = await Promise.all(means.map(async (node) => await meanFromAxis(node, rank, editor) === axis));
    if (axis !== undefined && same.every(Boolean)) return { x: part.x, axis, epsilon, nodes: [add, mean, square, ...part.nodes] };
  }
  return undefined;
}

/** Scale and bias must have exactly the normalized shape: runtimes take no other. */
function fits(parameters: readonly string[], { x, axis }: Deviation, { typeOf }: RuleContext): boolean {
  const wanted = shapeOf(typeOf(x))?.slice(axis);
  return parameters.every((name) => sameShape(shapeOf(typeOf(name)), wanted) && elementType(typeOf(name)) === elementType(typeOf(x)));
}

/** NaN where it is unknown, which equals nothing. */
function rankOf(value: string, { typeOf }: RuleContext): number {
  return shapeOf(typeOf(value))?.length ?? NaN;
}

function orders(node: Node): readonly (readonly [string, string])[] {
  const [left = '', right = ''] = node.inputs;
  return left === right ? [[left, right]] : [[left, right], [right, left]];
}
