// Sampling on a grid: Resize and its relatives.

import { float, intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { elementCount } from '../../../ir/model';
import { type GradientTable, refused, rule, type RuleContext } from '../rule';

/**
 * Resize works along one axis after the other and is linear in x. The matrix of an axis is the operator itself on an
 * identity matrix, so every way of counting coordinates is the runtime's own; onnxruntime folds it to a constant. The
 * gradient is the product with its transpose.
 */
const resize = rule((context) => {
  const { build, node, facts, gradient } = context;
  refuseUnsupported(context);
  const [x = ''] = node.inputs;
  const from = facts(x).shape;
  const to = facts(node.outputs[0] ?? '').shape;
  const listed = intsAttribute(node, 'axes')?.map((axis) => (axis < 0 ? axis + from.length : axis)) ?? from.map((_, axis) => axis);
  let shape = [...to];
  let result = gradient;
  listed.forEach((axis, position) => {
    if (isIdentity(context, axis, position, from, to)) return;
    result = alongAxis(result, axis, axisMatrix(context, position, from[axis] ?? 1));
  });
  return [result];

  /** `tensor` with `axis` multiplied by the transpose of `matrix` [input, output]. */
  function alongAxis(tensor: string, axis: number, matrix: string): string {
    const [size, made] = [from[axis] ?? 1, to[axis] ?? 1];
    const [before, behind] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis + 1))];
    const product = behind === 1
      ? build.matmul(build.reshape(tensor, [before, made]), build.transpose(matrix, [1, 0]))
      : build.matmul(matrix, build.reshape(tensor, [before, made, behind]));
    shape = shape.map((dim, index) => (index === axis ? size : dim));
    return build.reshape(product, shape);
  }
});

function refuseUnsupported(context: RuleContext): void {
  const { node, elements, input } = context;
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') context.refuse(`keep_aspect_ratio_policy=${policy}`);
  const given = input(3) ?? input(2);
  if (elements(given) === undefined) context.refuse(input(3) === undefined ? 'scales=?' : 'sizes=?');
  if (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize' && elements(input(1)) === undefined) context.refuse('roi=?');
}

function isIdentity({ node, elements, input }: RuleContext, axis: number, position: number, from: readonly number[], to: readonly number[]): boolean {
  const scale = input(3) === undefined ? elements(input(2))?.[position] : 1;
  return from[axis] === to[axis] && scale === 1 && stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') !== 'tf_crop_and_resize';
}

/** [input, output]: what each element of the axis at `position` of the listed ones gives to each output. */
function axisMatrix({ build, node, elements, input }: RuleContext, position: number, size: number): string {
  const identity = build.node('EyeLike', [build.filled([size, size], 0)]);
  const listed = elements(input(3) ?? input(2))?.length ?? 0;
  const [scale, length] = [elements(input(2))?.[position], elements(input(3))?.[position]];
  const roi = elements(input(1));
  const singles = (values: readonly number[]): string => build.constant({ type: 'float32', dims: [values.length], data: Float32Array.from(values) });
  const attributes = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'axes' && name !== 'extrapolation_value'));
  return build.node('Resize', [
    identity,
    roi === undefined || roi.length === 0 ? '' : singles([0, roi[position] ?? 0, 1, roi[position + listed] ?? 1]),
    input(3) === undefined ? singles([1, scale ?? 1]) : '',
    ...(input(3) === undefined ? [] : [build.ints([size, length ?? size])]),
  ], { ...attributes, extrapolation_value: float(0) });
}

/** grid = theta x base, with base the homogeneous coordinates of the pixels: the grid of the identity. */
const affineGrid = rule((context) => {
  const { build, node, facts, gradient } = context;
  const [theta = '', size = ''] = node.inputs;
  const [batch = 1, rows = 2] = facts(theta).shape;
  const pixels = elementCount(facts(node.outputs[0] ?? '').shape) / (batch * rows);
  if (context.elements(size) === undefined) context.refuse('size=?');
  const dims = [1, ...(context.elements(size) ?? []).slice(1)];
  const same = Array.from({ length: rows * (rows + 1) }, (_, index) => (index % (rows + 1) === Math.floor(index / (rows + 1)) ? 1 : 0));
  const identity = build.constant({ type: 'float32', dims: [1, rows, rows + 1], data: Float32Array.from(same) });
  const grid = build.node('AffineGrid', [identity, build.ints(dims)], { align_corners: { kind: 'int', value: BigInt(intAttribute(node, 'align_corners', 0)) } });
  const base = build.concat([build.reshape(grid, [pixels, rows]), build.filled([pixels, 1], 1)], 1);
  return [build.matmul(build.transpose(build.reshape(gradient, [batch, pixels, rows]), [0, 2, 1]), base)];
});

export const samplingGradients = {
  AffineGrid: affineGrid,
  GridSample: refused,
  Resize: resize,
  RoiAlign: refused,
  // Conversion to the training opset makes it a Resize.
  Upsample: refused,
} satisfies GradientTable<string>;
