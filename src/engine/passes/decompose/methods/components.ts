// The rank-one components of a kernel: exactly at full rank, otherwise the best of several runs of alternating least squares.

import { type Matrix, normalMatrix, squaredNorm } from '../../../linalg/matrix';
import { symmetricEigen } from '../../../linalg/eigen';
import type { Kernel } from '../factors';
import { type Fit, fitted, type Tensor } from './alternating';
import { outputRows, permuted, product } from './arrange';
import { hooi } from './hooi';
import { type Kruskal, normalised } from './kruskal';
import type { FactorTask } from './method';

/** Runs from the leading vectors of the modes, and from drawn ones. */
const STARTS = 6;
/** Sweeps by which runs are compared; only the best goes on. */
const TRIAL_SWEEPS = 20;
const MOST_SWEEPS = 200;
/** See `FitSettings.still`. */
const STILL = 5e-5;
/**
 * Components that are longer together than this times the kernel cancel each other: a degenerate fit (de Silva and Lim 2008), which
 * rounding to float16 or int8 would break and training would follow nowhere (Phan et al. 2020).
 */
const LONGEST = 10;
/** `FitSettings.damping` of the first attempt and of the next ones, as long as fits are degenerate. */
const DAMPINGS = [3e-4, 3e-3, 3e-2];

/**
 * Components that approximate a kernel that is not zero. Large kernels are fitted first in the few inputs and outputs that
 * Tucker finds for the same rank, where sweeps cost a fraction, and then as they are.
 */
export async function fittedComponents(task: FactorTask, rank: number): Promise<Kruskal> {
  const { kernel, products } = task;
  const scale = 1 / Math.sqrt(squaredNorm(outputRows(kernel)));
  const whole: Tensor = { rows: scaled(outputRows(kernel), scale), inputs: kernel.inputs };
  const [fewInputs, fewOutputs] = [Math.min(rank, kernel.inputs), Math.min(rank, kernel.outputs)];
  const isSmall = fewInputs === kernel.inputs && fewOutputs === kernel.outputs;
  const small = isSmall ? undefined : await hooi(task, fewInputs, fewOutputs);
  const tensor: Tensor = small ? { rows: scaled(small.core, scale), inputs: fewInputs } : whole;
  let best: Fit | undefined;
  for (const damping of DAMPINGS) {
    const settings = { damping, still: STILL, products };
    const trials: Fit[] = [];
    for (let start = 0; start < STARTS; start += 1) {
      const from = await startOf(tensor, longLengths(kernel), rank, start === 0, task);
      trials.push(await fitted(tensor, from, { ...settings, sweeps: TRIAL_SWEEPS }));
    }
    const leader = trials.reduce((a, b) => (b.missed < a.missed ? b : a));
    let found = await fitted(tensor, leader.modes, { ...settings, sweeps: MOST_SWEEPS });
    if (small) {
      const [outputs, inputs, ...axes] = found.modes;
      const grown: Kruskal = [await products.multiply(small.outputs, outputs), await products.multiply(small.inputs, inputs), ...axes];
      found = await fitted(whole, grown, { ...settings, sweeps: MOST_SWEEPS });
    }
    best = found;
    if (lengthOf(found) < LONGEST) break;
  }
  const [outputs, inputs, ...axes] = (best as Fit).modes;
  return [scaled(outputs, 1 / scale), inputs, ...axes];
}

/** One component for each fibre along the longest mode: as many as the full rank. */
export function exactComponents(kernel: Kernel): Kruskal {
  const lengths = [kernel.outputs, kernel.inputs, ...longLengths(kernel)];
  const long = lengths.indexOf(Math.max(...lengths));
  const others = lengths.flatMap((_, mode) => (mode === long ? [] : [mode]));
  const components = product(lengths) / (lengths[long] as number);
  const fibres = permuted(kernel.data, lengths, [long, ...others]);
  const modes = lengths.map((rows, mode): Matrix => {
    if (mode === long) return { rows, columns: components, data: fibres };
    const inner = product(others.filter((other) => other > mode).map((other) => lengths[other] as number));
    const data = new Float64Array(rows * components);
    for (let component = 0; component < components; component += 1) data[(Math.floor(component / inner) % rows) * components + component] = 1;
    return { rows, columns: components, data };
  });
  const [outputs, inputs, ...axes] = modes as [Matrix, Matrix, ...Matrix[]];
  return [outputs, inputs, ...axes];
}

/** Leading left singular vectors of each mode where there are as many, and drawn columns; or drawn columns only. */
async function startOf({ rows, inputs }: Tensor, axes: readonly number[], rank: number, isLeading: boolean, { products, random }: FactorTask): Promise<Kruskal> {
  const lengths = [rows.rows, inputs, ...axes];
  const modes: Matrix[] = [];
  for (const [mode, length] of lengths.entries()) {
    const drawn = normalised(normalMatrix(length, rank, random)).unit;
    if (isLeading) {
      const others = lengths.flatMap((_, other) => (other === mode ? [] : [other]));
      const unfolded = { rows: length, columns: rows.data.length / length, data: permuted(rows.data, lengths, [mode, ...others]) };
      const { vectors } = symmetricEigen(await products.multiply(unfolded, unfolded, 'transposed'));
      for (let row = 0; row < length; row += 1) drawn.data.set(vectors.data.subarray(row * length, row * length + Math.min(length, rank)), row * rank);
    }
    modes.push(drawn);
  }
  const [first, second, ...others] = modes as [Matrix, Matrix, ...Matrix[]];
  return [first, second, ...others];
}

/** Root of the sum of the squares of the norms of all components, of a kernel of norm 1. */
function lengthOf({ modes: [outputs] }: Fit): number {
  return Math.sqrt(squaredNorm(outputs));
}

function scaled(m: Matrix, by: number): Matrix {
  return { ...m, data: m.data.map((value) => value * by) };
}

/** Of the axes that are modes: those longer than 1. */
function longLengths({ kernel }: Kernel): number[] {
  return kernel.filter((length) => length > 1);
}
