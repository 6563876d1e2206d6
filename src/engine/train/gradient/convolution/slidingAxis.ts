// One spatial axis of a convolution or pooling with its padding resolved. Output position o sees the input positions
// o * stride - begin + k * dilation for k in 0 .. kernel - 1; positions outside the input hold zero.

import type { Node } from '../../../ir/model';
import { windowOf } from '../../../ir/shapes/rules/window';

export interface SlidingAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element; what is needed behind the last one follows from the sizes. */
  readonly begin: number;
}

/** Input positions from the first to behind the last that one window spans. */
export function extentOf({ kernel, dilation }: SlidingAxis): number {
  return (kernel - 1) * dilation + 1;
}

/** Positions that the windows span behind the end of the input; negative where the last elements are in no window. */
export function endOf(axis: SlidingAxis): number {
  return (axis.output - 1) * axis.stride + extentOf(axis) - axis.begin - axis.input;
}

/** Axes of Conv and the poolings (ONNX operators "Conv", "MaxPool": pads, auto_pad). */
export function slidingAxes(node: Node, input: readonly number[], output: readonly number[], kernel: readonly number[]): SlidingAxis[] {
  const window = windowOf(node, input.length, kernel);
  return input.map((size, index) => {
    const axis: SlidingAxis = {
      input: size, output: output[index] ?? 0, kernel: kernel[index] ?? 1,
      stride: window.strides[index] ?? 1, dilation: window.dilations[index] ?? 1, begin: 0,
    };
    switch (window.autoPad) {
      case 'VALID': return axis;
      case 'SAME_UPPER': return { ...axis, begin: Math.floor(Math.max(0, endOf(axis)) / 2) };
      case 'SAME_LOWER': return { ...axis, begin: Math.ceil(Math.max(0, endOf(axis)) / 2) };
      default: return { ...axis, begin: window.pads[index] ?? 0 };
    }
  });
}

/** How many of a window's taps lie inside the input, by output position. */
export function insideCounts(axis: SlidingAxis): number[] {
  return Array.from({ length: axis.output }, (_, position) => {
    let inside = 0;
    for (let tap = 0; tap < axis.kernel; tap += 1) {
      const at = position * axis.stride - axis.begin + tap * axis.dilation;
      if (at >= 0 && at < axis.input) inside += 1;
    }
    return inside;
  });
}
