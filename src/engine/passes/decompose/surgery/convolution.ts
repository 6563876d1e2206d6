// A factor of a convolution as a node: its weight as Conv and ConvTranspose store it, and its share of the layer's attributes.

import { int, ints, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { type Attribute, elementCount, type Node } from '../../../ir/model';
import type { Factor, Kernel } from '../factors';
import type { DecomposableLayer } from './layers';

/** Row-major values of a tensor. */
export interface Values {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** A factor that takes over no strides and pads maps place by place, which a Conv does also where the layer is a ConvTranspose. */
export function convolutionOp({ kind }: DecomposableLayer, { axes }: Factor): 'Conv' | 'ConvTranspose' {
  return kind === 'convTranspose' && axes.length > 0 ? 'ConvTranspose' : 'Conv';
}

/** @param parts the factor of each group of the layer. */
export function convolutionWeight(layer: DecomposableLayer, parts: readonly [Factor, ...Factor[]]): Values {
  const [{ kernel: { outputs, inputs, kernel }, isDepthwise }] = parts;
  const isSpreading = convolutionOp(layer, parts[0]) === 'ConvTranspose';
  // ConvTranspose: [inputs, outputs of a group, ...kernel]; a depthwise factor has one of either in a group.
  const [first, second] = isSpreading && !isDepthwise ? [inputs, outputs] : [outputs, inputs];
  const size = first * second * elementCount(kernel);
  const data = new Float64Array(parts.length * size);
  for (const [group, part] of parts.entries()) data.set(isSpreading ? spreading(part) : part.kernel.data, group * size);
  return { dims: [parts.length * first, second, ...kernel], data };
}

/** As ConvTranspose stores it: inputs before outputs, taps backwards. */
function spreading({ kernel, isDepthwise }: Factor): Float64Array {
  const taps = elementCount(kernel.kernel);
  const [outputs, inputs] = isDepthwise ? [1, kernel.outputs] : [kernel.outputs, kernel.inputs];
  const data = new Float64Array(kernel.data.length);
  for (let output = 0; output < outputs; output += 1) {
    for (let input = 0; input < inputs; input += 1) {
      const [from, to] = [(output * inputs + input) * taps, (input * outputs + output) * taps];
      for (let tap = 0; tap < taps; tap += 1) data[to + taps - 1 - tap] = kernel.data[from + tap] as number;
    }
  }
  return data;
}

/** What of the layer's attributes is the factor's: strides, pads and dilations along its axes, and none along the others. */
export function convolutionAttributes(node: Node, groups: number, { kernel, isDepthwise, axes }: Factor): Record<string, Attribute> {
  const group = groups * (isDepthwise ? kernel.outputs : 1);
  const attributes: Record<string, Attribute> = group > 1 || node.attributes.has('group') ? { group: int(group) } : {};
  if (node.attributes.has('kernel_shape')) attributes['kernel_shape'] = ints(kernel.kernel);
  if (axes.length === 0) return attributes;
  const share = (name: string, absent: number): void => {
    const values = intsAttribute(node, name);
    // Pads are listed twice: those before each axis, then those behind.
    if (values !== undefined) attributes[name] = ints(values.map((value, at) => (axes.includes(at % kernel.kernel.length) ? value : absent)));
  };
  share('strides', 1);
  share('dilations', 1);
  share('pads', 0);
  share('output_padding', 0);
  const automatic = node.attributes.get('auto_pad');
  // Of its axes and others alike: one place and a step of 1 need no pads.
  if (automatic !== undefined && stringAttribute(node, 'auto_pad') !== 'NOTSET') attributes['auto_pad'] = automatic;
  return attributes;
}

/** Whether each axis of the kernel, and with it its strides and pads, is in the hands of exactly one factor. */
export function shareAxes(factors: readonly Factor[], { kernel }: Pick<Kernel, 'kernel'>): boolean {
  return kernel.every((length, axis) => {
    const [taker, ...more] = factors.filter(({ axes }) => axes.includes(axis));
    return more.length === 0 && factors.every((factor) => factor.kernel.kernel[axis] === (factor === taker ? length : 1)) && taker !== undefined;
  });
}
