// Pooling in float64, window by window over what lies inside the input.

export interface Window {
  readonly axes: readonly { readonly size: number; readonly kernel: number; readonly stride: number; readonly dilation: number; readonly begin: number; readonly end: number }[];
  readonly ceil: boolean;
}

export type Reduce = (values: readonly number[]) => number;

/** `x` of shape [batch, channels, ...spatial]. */
export function pool(x: Float64Array, dims: readonly number[], { axes, ceil }: Window, reduce: Reduce): Float64Array {
  const images = (dims[0] ?? 1) * (dims[1] ?? 1);
  const area = axes.reduce((product, { size }) => product * size, 1);
  const windows = product(axes.map((axis) => positions(axis, ceil)));
  const result: number[] = [];
  for (let image = 0; image < images; image += 1) {
    for (const window of windows) {
      const places = product(window).map((place) => place.reduce((flat, at, index) => flat * (axes[index]?.size ?? 1) + at, 0));
      result.push(reduce(places.map((place) => x[image * area + place] as number)));
    }
  }
  return Float64Array.from(result);
}

export function globalPool(x: Float64Array, dims: readonly number[], reduce: Reduce): Float64Array {
  const area = dims.slice(2).reduce((product, size) => product * size, 1);
  return Float64Array.from({ length: x.length / area }, (_, image) => reduce(Array.from(x.subarray(image * area, (image + 1) * area))));
}

/** By output position along one axis, the input positions in its window. */
function positions({ size, kernel, stride, dilation, begin, end }: Window['axes'][number], ceil: boolean): number[][] {
  const steps = (size + begin + end - (kernel - 1) * dilation - 1) / stride;
  let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that would start in the end padding is dropped (ONNX operator "MaxPool", ceil_mode).
  if (ceil && (count - 1) * stride >= size + begin) count -= 1;
  return Array.from({ length: count }, (_, output) =>
    Array.from({ length: kernel }, (__, tap) => output * stride - begin + tap * dilation).filter((at) => at >= 0 && at < size));
}

/** All combinations, the last axis fastest. */
function product<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>((lists, options) => lists.flatMap((list) => options.map((option) => [...list, option])), [[]]);
}
