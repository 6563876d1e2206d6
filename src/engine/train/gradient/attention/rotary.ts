// Rotary position embedding (Su 2021): pairs of elements of a head are turned by an angle that grows with the position.

import { int } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';

export interface Rotation {
  /** [batch or 1, positions, angles] of cosines and sines, one a pair. */
  readonly cos: string;
  readonly sin: string;
  readonly batch: number;
  readonly positions: number;
  readonly angles: number;
  /** Pairs are neighbours, or else lie half of the turned elements apart. */
  readonly interleaved: boolean;
}

/** @param x [batch, heads, positions, size]; the first 2 * angles elements of each head are turned */
export function rotate(build: GraphBuilder, x: string, dims: readonly [number, number, number, number], rotation: Rotation): string {
  const { angles, interleaved } = rotation;
  const [batch, heads, positions, size] = dims;
  const rest = size - 2 * angles;
  const [turned = x, kept] = rest === 0 ? [x] : build.nodes('Split', [x, build.ints([2 * angles, rest])], 2, { axis: int(-1) });
  const over = (table: string): string => build.reshape(table, [rotation.batch, 1, rotation.positions, angles]);
  const [cos, sin] = [over(rotation.cos), over(rotation.sin)];
  const pairs = interleaved ? build.reshape(turned, [batch, heads, positions, angles, 2]) : turned;
  const part = (index: number): string => (interleaved
    ? build.reshape(build.slice(pairs, 4, index, index + 1), [batch, heads, positions, angles])
    : build.slice(pairs, 3, index * angles, (index + 1) * angles));
  const [real, imaginary] = [part(0), part(1)];
  const newReal = build.sub(build.mul(real, cos), build.mul(imaginary, sin));
  const newImaginary = build.add(build.mul(real, sin), build.mul(imaginary, cos));
  const single = (value: string): string => (interleaved ? build.reshape(value, [batch, heads, positions, angles, 1]) : value);
  const joined = build.concat([single(newReal), single(newImaginary)], interleaved ? 4 : 3);
  const flat = interleaved ? build.reshape(joined, [batch, heads, positions, 2 * angles]) : joined;
  return kept === undefined ? flat : build.concat([flat, kept], 3);
}
