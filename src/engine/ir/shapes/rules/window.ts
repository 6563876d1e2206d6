// Operators that slide a window over spatial axes: convolutions and poolings, float and quantized.

import { intAttribute, intsAttribute, stringAttribute } from '../../attributes';
import type { DataType } from '../../dataTypes';
import type { Dim, Node } from '../../model';
import { addDims, divideDims, multiplyDims, subtractDims, type Shape } from '../dims';
import type { Rule, RuleContext, RuleTable } from '../rule';
import { isRanked, tensor, type TensorShape } from '../tensorShape';

/** Attributes of a window, one entry a spatial axis; `pads` holds all begins, then all ends. */
export interface Window {
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceil: boolean;
}

export function windowOf(node: Node, spatial: number, kernel: Shape): Window {
  const ones = Array<number>(spatial).fill(1);
  return {
    kernel,
    strides: intsAttribute(node, 'strides') ?? ones,
    dilations: intsAttribute(node, 'dilations') ?? ones,
    pads: intsAttribute(node, 'pads') ?? Array<number>(2 * spatial).fill(0),
    autoPad: stringAttribute(node, 'auto_pad', 'NOTSET'),
    ceil: intAttribute(node, 'ceil_mode', 0) === 1,
  };
}

/** Spatial output sizes (ONNX "Conv" and "MaxPool"; with ceil_mode a last window that starts in the end padding is dropped). */
export function slide(input: Shape, window: Window): Shape {
  const spatial = input.length;
  return input.map((size, axis) => {
    const stride = window.strides[axis] ?? 1;
    if (window.autoPad.startsWith('SAME')) return divideDims(size, stride, 'ceil');
    const kernel = window.kernel[axis] ?? null;
    const extent = addDims(multiplyDims(window.dilations[axis] ?? 1, subtractDims(kernel, 1)), 1);
    const begin = window.autoPad === 'VALID' ? 0 : (window.pads[axis] ?? 0);
    const end = window.autoPad === 'VALID' ? 0 : (window.pads[axis + spatial] ?? 0);
    const steps = subtractDims(addDims(size, begin + end), extent);
    const count = addDims(divideDims(steps, stride, window.ceil ? 'ceil' : 'floor'), 1);
    if (!window.ceil) return count;
    if (typeof count !== 'number' || typeof size !== 'number') return stride === 1 ? count : null;
    return (count - 1) * stride >= size + begin ? count - 1 : count;
  });
}

/** Convolution with data at input `x` and weights [M, C/group, ...kernel] at input `w`. */
const convolution = (x: number, w: number, result: (context: RuleContext) => DataType): Rule => (context) => {
  const data = context.inputs[x]?.shape;
  const weights = context.inputs[w]?.shape;
  const rank = data?.length ?? weights?.length;
  if (rank === undefined || rank < 3) return [tensor(result(context), null)];
  const spatial = rank - 2;
  const kernel = weights?.slice(2) ?? intsAttribute(context.node, 'kernel_shape') ?? Array<Dim>(spatial).fill(null);
  const sizes = slide(data?.slice(2) ?? Array<Dim>(spatial).fill(null), windowOf(context.node, spatial, kernel));
  return [tensor(result(context), [data?.[0] ?? null, weights?.[0] ?? null, ...sizes])];
};

const typeOfInput = (index: number) => ({ inputs }: RuleContext): DataType => inputs[index]?.type ?? 'undefined';

const convTranspose: Rule = ({ node, inputs: [x, w] }) => {
  const rank = x?.shape?.length ?? w?.shape?.length;
  const type = x?.type ?? 'undefined';
  if (rank === undefined || rank < 3) return [tensor(type, null)];
  const spatial = rank - 2;
  const window = windowOf(node, spatial, w?.shape?.slice(2) ?? intsAttribute(node, 'kernel_shape') ?? []);
  const given = intsAttribute(node, 'output_shape');
  const extra = intsAttribute(node, 'output_padding') ?? [];
  const sizes = Array.from({ length: spatial }, (_, axis): Dim => {
    if (given !== undefined) return given[axis + given.length - spatial] ?? null;
    const size = x?.shape?.[axis + 2] ?? null;
    const stride = window.strides[axis] ?? 1;
    if (window.autoPad.startsWith('SAME')) return multiplyDims(size, stride);
    const extent = addDims(multiplyDims(window.dilations[axis] ?? 1, subtractDims(window.kernel[axis] ?? null, 1)), 1);
    const pads = window.autoPad === 'VALID' ? 0 : (window.pads[axis] ?? 0) + (window.pads[axis + spatial] ?? 0);
    return addDims(addDims(multiplyDims(subtractDims(size, 1), stride), extent), (extra[axis] ?? 0) - pads);
  });
  const channels = multiplyDims(w?.shape?.[1] ?? null, intAttribute(node, 'group', 1));
  return [tensor(type, [x?.shape?.[0] ?? null, channels, ...sizes])];
};

/** Pooling over the spatial axes; `outputs` adds what a second output holds. */
export const pooling = (second?: DataType): Rule => ({ node, inputs: [x] }) => {
  const shape = pooledShape(node, x);
  return [tensor(x?.type ?? 'undefined', shape), ...(second === undefined ? [] : [tensor(second, shape)])];
};

export function pooledShape(node: Node, x: TensorShape | undefined, channelsLast = false): Shape | null {
  if (!isRanked(x) || x.shape.length < 3) return null;
  const spatial = x.shape.length - 2;
  const first = channelsLast ? 1 : 2;
  const window = windowOf(node, spatial, intsAttribute(node, 'kernel_shape') ?? Array<Dim>(spatial).fill(null));
  const sizes = slide(x.shape.slice(first, first + spatial), window);
  const [batch = null] = x.shape;
  return channelsLast ? [batch, ...sizes, x.shape.at(-1) ?? null] : [batch, x.shape[1] ?? null, ...sizes];
}

export const globalPooling: Rule = ({ inputs: [x] }) =>
  [tensor(x?.type ?? 'undefined', x?.shape?.map((dim, axis) => (axis < 2 ? dim : 1)) ?? null)];

const maxUnpool: Rule = ({ node, inputs: [x, , size] }) => {
  const type = x?.type ?? 'undefined';
  if (size !== undefined) return [tensor(type, size.value ?? x?.shape?.map(() => null) ?? null)];
  if (!isRanked(x) || x.shape.length < 3) return [tensor(type, null)];
  const spatial = x.shape.length - 2;
  const window = windowOf(node, spatial, intsAttribute(node, 'kernel_shape') ?? []);
  const sizes = x.shape.slice(2).map((dim, axis) => addDims(
    addDims(multiplyDims(subtractDims(dim, 1), window.strides[axis] ?? 1), window.kernel[axis] ?? null),
    -((window.pads[axis] ?? 0) + (window.pads[axis + spatial] ?? 0))));
  return [tensor(type, [...x.shape.slice(0, 2), ...sizes])];
};

const col2Im: Rule = ({ inputs: [x, image, block] }) => {
  const sizes = image?.value;
  const patch = block?.value;
  if (!isRanked(x) || sizes === undefined) return [tensor(x?.type ?? 'undefined', null)];
  const area = patch?.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1) ?? null;
  const channels = x.shape[1] ?? null;
  const known = typeof channels === 'number' && typeof area === 'number' ? channels / area : null;
  return [tensor(x.type, [x.shape[0] ?? null, known, ...sizes])];
};

export const convolutionRule = convolution(0, 1, typeOfInput(0));

export const windowRules = {
  Conv: convolutionRule,
  DeformConv: convolutionRule,
  ConvInteger: convolution(0, 1, () => 'int32'),
  QLinearConv: convolution(0, 3, typeOfInput(7)),
  ConvTranspose: convTranspose,
  MaxPool: pooling('int64'), AveragePool: pooling(), LpPool: pooling(),
  GlobalAveragePool: globalPooling, GlobalMaxPool: globalPooling, GlobalLpPool: globalPooling,
  MaxUnpool: maxUnpool, Col2Im: col2Im,
} as const satisfies Record<string, Rule>;

export type WindowOperator = keyof typeof windowRules;
export const windowTable: RuleTable<WindowOperator> = windowRules;
