// Convolutions and products that onnxruntime's optimizer fused with an activation, a scale or transposes: taken apart again.

import { float, floatAttribute, floatsAttribute, intAttribute, stringAttribute } from '../../../ir/attributes';
import { type Attribute, elementCount } from '../../../ir/model';
import type { ForwardContext } from '../rule';

/** Conv, plus Z where it is given, then the activation. */
export function fusedConv(context: ForwardContext): readonly string[] {
  const { node, build } = context;
  const [x = '', w = ''] = node.inputs;
  const [bias, added] = [context.input(2), context.input(3)];
  const convolved = build.node('Conv', bias === undefined ? [x, w] : [x, w, bias], without(node.attributes, ['activation', 'activation_params']));
  const sum = added === undefined ? convolved : build.add(convolved, added);
  return [activated(context, sum, floatsAttribute(node, 'activation_params') ?? [])];
}

export function fusedGemm(context: ForwardContext): readonly string[] {
  const { node, build } = context;
  const names = ['activation', 'activation_alpha', 'activation_beta', 'activation_gamma'];
  const product = build.node('Gemm', node.inputs, without(node.attributes, names));
  const parameters = ['activation_alpha', 'activation_beta'].flatMap((name) => floatAttribute(node, name) ?? []);
  return [activated(context, product, parameters)];
}

/** alpha * op(A) op(B): transA and transB exchange the last two axes, transBatchA and transBatchB move the first before the last. */
export function fusedMatMul(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const operand = (position: 0 | 1, transposed: string, moved: string): { readonly name: string; readonly count: number } => {
    const name = node.inputs[position] ?? '';
    const { shape } = facts(name);
    const isMoved = intAttribute(node, moved, 0) === 1;
    const isTransposed = intAttribute(node, transposed, 0) === 1;
    // onnxruntime takes a vector as it is (matmul.cc).
    if (shape.length < 2) return { name, count: elementCount(shape) };
    const axes = shape.map((_, axis) => axis);
    const last = axes.length - 1;
    const before = isMoved ? [...axes.slice(1, last), 0, last] : axes;
    const perm = isTransposed ? [...before.slice(0, -2), before[last] as number, before[last - 1] as number] : before;
    return { name: build.transpose(name, perm), count: elementCount(shape) };
  };
  const [a, b] = [operand(0, 'transA', 'transBatchA'), operand(1, 'transB', 'transBatchB')];
  const alpha = floatAttribute(node, 'alpha', 1);
  const scaled = (name: string): string => (alpha === 1 ? name : build.mul(name, build.scalar(alpha)));
  // The scale goes to the smaller operand: less to multiply.
  return [a.count <= b.count ? build.matmul(scaled(a.name), b.name) : build.matmul(a.name, scaled(b.name))];
}

function activated({ node, build, refuse }: ForwardContext, x: string, [alpha, beta]: readonly number[]): string {
  const activation = stringAttribute(node, 'activation', '');
  const given = (value: number | undefined, fallback: number): Attribute => float(value ?? fallback);
  switch (activation) {
    case '': return x;
    case 'Relu': case 'Sigmoid': case 'Softplus': case 'Softsign': case 'Tanh': return build.node(activation, [x]);
    // Defaults of the operators: onnxruntime copies their attributes.
    case 'LeakyRelu': return build.node('LeakyRelu', [x], { alpha: given(alpha, 0.01) });
    case 'Elu': return build.node('Elu', [x], { alpha: given(alpha, 1) });
    case 'ThresholdedRelu': return build.node('ThresholdedRelu', [x], { alpha: given(alpha, 1) });
    case 'HardSigmoid': return build.node('HardSigmoid', [x], { alpha: given(alpha, 0.2), beta: given(beta, 0.5) });
    case 'Clip': return alpha === undefined || beta === undefined ? refuse('activation=Clip without bounds') : build.node('Clip', [x, build.scalar(alpha), build.scalar(beta)]);
    default: return refuse(`activation=${activation}`);
  }
}

function without(attributes: ReadonlyMap<string, Attribute>, names: readonly string[]): Readonly<Record<string, Attribute>> {
  return Object.fromEntries([...attributes].filter(([name]) => !names.includes(name)));
}
