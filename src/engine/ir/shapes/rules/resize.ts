// Resize and Upsample, whose sizes come from scales or from sizes, by attribute or by input, as the opset has it.

import { floatAttribute, floatsAttribute, intsAttribute, stringAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { multiplyDims, type Shape } from '../dims';
import type { Rule } from '../rule';
import { axisOf, isRanked, numbers, tensor, type TensorShape } from '../tensorShape';

/** Scales are 32-bit floats; onnxruntime multiplies in 32 bits and rounds down. */
function scaled(dim: Dim, scale: number | undefined): Dim {
  if (scale === undefined) return null;
  if (typeof dim === 'number') return Math.floor(Math.fround(Math.fround(scale) * dim));
  return Number.isInteger(scale) ? multiplyDims(dim, scale) : null;
}

const byScales = (x: TensorShape | undefined, scales: readonly number[] | undefined): Shape | null =>
  x?.shape?.map((dim, axis) => scaled(dim, scales?.[axis])) ?? null;

const upsample: Rule = ({ node, inputs: [x, scaleInput] }) => {
  const width = floatAttribute(node, 'width_scale');
  const height = floatAttribute(node, 'height_scale');
  const old = width === undefined || height === undefined ? undefined : [1, 1, height, width];
  return [tensor(x?.type ?? 'undefined', byScales(x, old ?? floatsAttribute(node, 'scales') ?? numbers(scaleInput)))];
};

const resize: Rule = ({ node, opset, inputs }) => {
  const [x] = inputs;
  const type = x?.type ?? 'undefined';
  if (opset < 11) return [tensor(type, byScales(x, numbers(inputs[1])))];
  const [, , scaleInput, sizeInput] = inputs;
  if (!isRanked(x)) return [tensor(type, null)];
  const { shape } = x;
  const axes = intsAttribute(node, 'axes')?.map((axis) => axisOf(axis, shape.length)) ?? [...shape.keys()];
  const at = (axis: number): number => axes.indexOf(axis);
  const empty = scaleInput?.shape?.length === 1 && scaleInput.shape[0] === 0;
  if (sizeInput === undefined || (scaleInput !== undefined && !empty && sizeInput.value === undefined && numbers(scaleInput) !== undefined)) {
    const scales = numbers(scaleInput);
    return [tensor(type, shape.map((dim, axis) => (at(axis) < 0 ? dim : scaled(dim, scales?.[at(axis)]))))];
  }
  const sizes = keepAspect(shape, axes, sizeInput.value, stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch'));
  return [tensor(type, shape.map((dim, axis) => (at(axis) < 0 ? dim : (sizes?.[at(axis)] ?? null))))];
};

/** Opset 18: `not_larger` and `not_smaller` use one scale, the smallest or the largest, for all resized axes. */
function keepAspect(shape: Shape, axes: readonly (number | undefined)[], sizes: readonly Dim[] | undefined, policy: string): readonly Dim[] | undefined {
  if (policy === 'stretch' || sizes === undefined) return sizes;
  const ratios = axes.map((axis, index) => {
    const dim = axis === undefined ? null : (shape[axis] ?? null);
    const size = sizes[index] ?? null;
    return typeof dim === 'number' && typeof size === 'number' ? size / dim : NaN;
  });
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map((axis) => {
    const dim = axis === undefined ? null : (shape[axis] ?? null);
    return typeof dim === 'number' && Number.isFinite(scale) ? Math.round(scale * dim) : null;
  });
}

export const resizeRules = { Resize: resize, Upsample: upsample } as const satisfies Record<string, Rule>;
