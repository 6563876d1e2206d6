// BatchNormalization in float64.

/** Channel of each element of a row-major array [batch, channels, ...space]. */
function channelOf(shape: readonly number[], index: number): number {
  const area = shape.slice(2).reduce((product, size) => product * size, 1);
  return Math.floor(index / area) % (shape[1] ?? 1);
}

/** Inputs as the operator has them: x, scale, bias, mean, variance. */
export function normalize(shape: readonly number[], epsilon: number, [x, scale, bias, mean, variance]: readonly Float64Array[]): Float64Array {
  return (x as Float64Array).map((value, index) => {
    const channel = channelOf(shape, index);
    const [s = 1, b = 0, m = 0, v = 1] = [scale?.[channel], bias?.[channel], mean?.[channel], variance?.[channel]];
    return ((value - m) / Math.sqrt(v + epsilon)) * s + b;
  });
}

/** Mean and biased variance by channel. */
export function batchStatistics(shape: readonly number[], x: Float64Array): { readonly mean: Float64Array; readonly variance: Float64Array } {
  const channels = shape[1] ?? 1;
  const count = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  x.forEach((value, index) => { const channel = channelOf(shape, index); mean[channel] = (mean[channel] as number) + value / count; });
  x.forEach((value, index) => {
    const channel = channelOf(shape, index);
    variance[channel] = (variance[channel] as number) + (value - (mean[channel] as number)) ** 2 / count;
  });
  return { mean, variance };
}
