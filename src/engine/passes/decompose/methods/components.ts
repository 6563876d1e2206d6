// The rank-one components of a kernel: exactly at full rank, otherwise the best of several runs of alternating least squares.

import { symmetricEigen } from '../../../linalg/eigen';
import { type Matrix, normalMatrix, squaredNorm } from '../../../linalg/matrix';
import type { Kernel } from '../factors';
import { type Fit, fitted, type Tensor } from './alternating';
import { outputRows, permuted, product } from './arrange';
import { hooi, type Tucker } from './hooi';
import { type Kruskal, normalised } from './kruskal';
import type { FactorTask } from './method';

/**
 * Runs, the first from the leading vectors of the modes, the others from drawn ones. Errors of single runs differ by up to a
 * fifth on tensors of few components, where a run in three finds the best, and by hundredths on those of many, the large ones.
 */
const STARTS = { most: 16, least: 2 };
/** Multiplications of the tensor with its components, over all starts, that are spent before starts are left out: a second of sweeps or so. */
const START_WORK = 3e7;
/** Sweeps by which runs are compared; only the best goes on. */
const TRIAL_SWEEPS = 20;
/** Sweeps of the best run. Weights of networks take 100 to 200; what 200 more would gain is below a hundredth of the error. */
const MOST_SWEEPS = 200;
/** See `FitSettings.still`. At this pace another tenth off the square of the error would take 2,000 sweeps. */
const STILL = 5e-5;
/**
 * Components that are longer together than this times the kernel cancel each other: a degenerate fit (de Silva and Lim 2008), which
 * rounding to float16 or int8 would break and training would follow nowhere (Phan et al. 2020). Sound fits of weights measure 1 to 6,
 * undamped ones up to 60.
 */
const LONGEST = 10;
/** `FitSettings.damping` of the first attempt and of the next ones, as long as fits are degenerate. */
const DAMPINGS = [3e-4, 3e-3, 3e-2];

/**
 * Components that approximate a kernel that is not zero. Degenerate fits are thrown away and sought again with more damping; what
 * the most damping gives is taken as it is.
 */
export async function fittedComponents(task: FactorTask, rank: number): Promise<Kruskal> {
  const norm = Math.sqrt(squaredNorm(outputRows(task.kernel)));
  const subject = await subjectOf(task, rank, 1 / norm);
  let found = await attempt(task, subject, rank, DAMPINGS[0] as number);
  for (const damping of DAMPINGS.slice(1)) if (lengthOf(found) >= LONGEST) found = await attempt(task, subject, rank, damping);
  const [outputs, inputs, ...axes] = found.modes;
  return [scaled(outputs, norm), inputs, ...axes];
}

/** A kernel of norm 1, and where there is one the smaller tensor that is fitted before it. */
interface Subject {
  readonly whole: Tensor;
  readonly small?: Tucker;
}

/** As many inputs and outputs as components can span are enough: those that Tucker finds for the rank make sweeps cheap. */
async function subjectOf(task: FactorTask, rank: number, scale: number): Promise<Subject> {
  const { kernel } = task;
  const whole: Tensor = { rows: scaled(outputRows(kernel), scale), inputs: kernel.inputs };
  if (rank >= kernel.inputs && rank >= kernel.outputs) return { whole };
  const small = await hooi(task, Math.min(rank, kernel.inputs), Math.min(rank, kernel.outputs));
  return { whole, small: { ...small, core: scaled(small.core, scale) } };
}

/** The best of several short runs, run on; in the small tensor first. */
async function attempt(task: FactorTask, { whole, small }: Subject, rank: number, damping: number): Promise<Fit> {
  const { kernel, products } = task;
  const settings = { damping, still: STILL, sweeps: MOST_SWEEPS, products };
  const tensor = small ? { rows: small.core, inputs: small.inputs.columns } : whole;
  const affordable = Math.floor(START_WORK / (tensor.rows.data.length * rank));
  const starts = Math.max(STARTS.least, Math.min(STARTS.most, affordable));
  let leader: Fit | undefined;
  for (let start = 0; start < starts; start += 1) {
    const from = await startOf(tensor, longLengths(kernel), rank, start === 0, task);
    const trial = await fitted(tensor, from, { ...settings, sweeps: TRIAL_SWEEPS });
    if (leader === undefined || trial.missed < leader.missed) leader = trial;
  }
  const found = await fitted(tensor, (leader as Fit).modes, settings);
  if (small === undefined || lengthOf(found) >= LONGEST) return found;
  const [outputs, inputs, ...axes] = found.modes;
  return fitted(whole, [await products.multiply(small.outputs, outputs), await products.multiply(small.inputs, inputs), ...axes], settings);
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
