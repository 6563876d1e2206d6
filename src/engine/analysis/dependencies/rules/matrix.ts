// Products of matrices: the inner axis of both goes together, rows and columns are units of their own.

import { intAttribute, stringAttribute } from '../../../ir/attributes';
import type { Axis } from '../labels';
import { entry, locks, type DependencyEntry, type RelateSite } from '../rule';
import { broadcastAxes } from './tools';

interface Operands {
  readonly a: number;
  readonly b: number;
  /** Scales and zero points that may go by the rows of A. */
  readonly rows?: readonly number[];
  /** Biases, scales and zero points that may go by the columns of B. */
  readonly columns?: readonly number[];
}

const product = ({ a, b, rows = [], columns = [] }: Operands): DependencyEntry => entry('weights', (site) => {
  const [rankA, rankB] = [site.rank(a), site.rank(b)];
  if (rankA === 0 || rankB === 0) return;
  const inner = site.unite(site.axis(a, -1), site.axis(b, rankB === 1 ? 0 : -2));
  const result: Axis[] = batchAxes(site, a, b);
  if (rankA > 1) result.push(alongside(site, site.axis(a, -2), rows));
  if (rankB > 1) {
    const column = alongside(site, site.axis(b, -1), columns);
    if (site.isConstant(b)) site.mark(column, 'neurons');
    result.push(column);
  }
  // Neither side can be zeroed by its weights alone: the sum over the entries that stay is what a reference has to take.
  if (!site.isConstant(a) && !site.isConstant(b) && inner instanceof Int32Array) site.mixes([[a, rankA - 1], [b, rankB === 1 ? 0 : rankB - 2]]);
  site.give(0, result);
});

/** Parameters of one number a row or column go along; lone numbers stay. */
function alongside(site: RelateSite, axis: Axis, positions: readonly number[]): Axis {
  const along = positions.filter((position) => site.rank(position) > 0 && site.shape(position)?.at(-1) !== 1);
  return site.unite(axis, ...along.map((position) => site.axis(position, -1)));
}

/** Axes before the last two, broadcast; two activations that share one are attention heads. */
function batchAxes(site: RelateSite, a: number, b: number): Axis[] {
  const ranks = [site.rank(a), site.rank(b)].map((rank) => Math.max(0, rank - 2));
  const most = Math.max(...ranks);
  const activations = !site.isConstant(a) && !site.isConstant(b);
  return Array.from({ length: most }, (_, index) => {
    const meeting = [a, b].flatMap((position, which) => {
      const axis = index - most + (ranks[which] ?? 0);
      return axis < 0 ? [] : [{ axis: site.axis(position, axis), dim: site.shape(position)?.[axis] ?? null }];
    });
    const whole = meeting.filter(({ dim }) => dim !== 1);
    const [first] = meeting;
    if (whole.length === 0) return first?.axis ?? site.fixed('lock.position');
    const axis = site.unite(...whole.map((one) => one.axis));
    if (activations) site.mark(axis, 'heads');
    return axis;
  });
}

/** Bias (input 2) is broadcast to [rows, columns]. */
const gemm: DependencyEntry = entry('weights', (site) => {
  const transposed = (name: string): boolean => intAttribute(site.node, name, 0) === 1;
  const [a, b] = [transposed('transA') ? 0 : 1, transposed('transB') ? 1 : 0];
  const inner = site.unite(site.axis(0, a), site.axis(1, b));
  const columns = site.axis(1, 1 - b);
  site.mark(columns, 'neurons');
  if (!site.isConstant(0) && !site.isConstant(1) && inner instanceof Int32Array) site.mixes([[0, a], [1, b]]);
  const result = [site.axis(0, 1 - a), columns];
  const bias = site.shape(2) ?? [];
  bias.forEach((dim, axis) => {
    const at = axis + 2 - bias.length;
    const own = site.axis(2, axis);
    if (dim !== 1 || site.outputShape(0)?.[at] === 1) result[at] = site.unite(result[at] ?? own, own);
  });
  site.give(0, result);
});

/** A letter is one axis wherever it stands; axes under an ellipsis meet from its end. */
const einsum: DependencyEntry = entry('weights', (site) => {
  const [left = '', right] = stringAttribute(site.node, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const operands = terms.map((term, position) => keysOf(term, site.rank(position)));
  const output = right ?? implicitOutput(left);
  const result = keysOf(output, site.outputShape(0)?.length ?? 0);
  const axes = new Map<string, Axis>();
  const places = new Map<string, [position: number, axis: number][]>();
  operands.forEach((keys, position) => keys.forEach((key, axis) => {
    const own = site.axis(position, axis);
    if (site.shape(position)?.[axis] === 1 && axes.has(key)) return;
    const known = axes.get(key);
    const lone = places.get(key)?.every(([p, a]) => site.shape(p)?.[a] === 1) ?? false;
    axes.set(key, known === undefined || lone ? own : site.unite(known, own));
    places.set(key, [...(places.get(key) ?? []), [position, axis]]);
  }));
  const activations = terms.length > 1 && terms.every((_, position) => !site.isConstant(position));
  for (const [key, at] of places) {
    const axis = axes.get(key) ?? site.fixed();
    if (at.length > 1 && activations && result.includes(key)) site.mark(axis, 'heads');
    if (at.length === 1 && result.includes(key) && site.isConstant(at[0]?.[0] ?? 0)) site.mark(axis, 'neurons');
    if (!result.includes(key) && axis instanceof Int32Array && !at.some(([position]) => site.isConstant(position))) site.mixes(at);
  }
  site.give(0, result.map((key) => axes.get(key) ?? site.fixed('lock.position')));
});

function keysOf(term: string, rank: number): readonly string[] {
  const [before = '', after] = term.split('...');
  if (after === undefined) return [...before];
  const hidden = Math.max(0, rank - before.length - after.length);
  return [...before, ...Array.from({ length: hidden }, (_, index) => `...${hidden - index}`), ...after];
}

/** Letters that occur once, in alphabetical order, after an ellipsis. */
function implicitOutput(left: string): string {
  const letters = [...left.replaceAll(/[.,]/g, '')].sort();
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).join('');
  return left.includes('...') ? `...${once}` : once;
}

export const matrixDependencies = {
  MatMul: product({ a: 0, b: 1 }), Gemm: gemm, Einsum: einsum,
  MatMulInteger: product({ a: 0, b: 1, rows: [2], columns: [3] }),
  QLinearMatMul: product({ a: 0, b: 3, rows: [1, 2], columns: [4, 5] }),
  Det: locks,
} as const satisfies Record<string, DependencyEntry>;

/** A and B with scales (2, 3), zero points (4, 5) and a bias (6): MatMulIntegerToFloat. */
export const integerToFloat: DependencyEntry = product({ a: 0, b: 1, rows: [2, 4], columns: [3, 5, 6] });
/** A in float; B with scale (2), zero point (3) and bias (4): DynamicQuantizeMatMul. */
export const dynamicProduct: DependencyEntry = product({ a: 0, b: 1, columns: [2, 3, 4] });

/** onnxruntime's MatMul with transposed operands. */
export const fusedProduct: DependencyEntry = entry('weights', (site) => {
  const flag = (name: string): boolean => intAttribute(site.node, name, 0) === 1;
  if (flag('transBatchA') || flag('transBatchB')) return;
  const at = (position: number, transposed: boolean, wanted: 'inner' | 'outer', rowsFirst: boolean): Axis =>
    site.axis(position, (wanted === 'inner') === (rowsFirst !== transposed) ? -1 : -2);
  if (site.rank(0) < 2 || site.rank(1) < 2) return;
  const inner = site.unite(at(0, flag('transA'), 'inner', true), at(1, flag('transB'), 'inner', false));
  const columns = at(1, flag('transB'), 'outer', false);
  if (site.isConstant(1)) site.mark(columns, 'neurons');
  if (!site.isConstant(0) && !site.isConstant(1) && inner instanceof Int32Array) {
    site.mixes([[0, site.rank(0) - (flag('transA') ? 2 : 1)], [1, site.rank(1) - (flag('transB') ? 1 : 2)]]);
  }
  site.give(0, [...batchAxes(site, 0, 1), at(0, flag('transA'), 'outer', true), columns]);
});

/** Result of two inputs broadcast, for fused biases. */
export function withBias(site: RelateSite, positions: readonly number[]): void {
  site.give(0, broadcastAxes(site, positions));
}
