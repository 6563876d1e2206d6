// Products of float64 matrices: large ones on onnxruntime, by one small graph a form, made when first needed; small ones here.

import { float, int } from '../ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../ir/build';
import type { Model } from '../ir/model';
import type { NdArray, Runtime, Session } from '../ports';
import type { Matrix, NarrowMatrix } from './matrix';

/** Every method: one new matrix, inner sizes as algebra wants them. */
export interface Products {
  /** a b, or a bᵀ. */
  multiply(a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  /** aᵀ b. */
  transposeMultiply(a: Matrix, b: Matrix): Promise<Matrix>;
  /** a b in float32: half the time, for directions rather than results. */
  multiplyNarrow(a: NarrowMatrix, b: NarrowMatrix): Promise<NarrowMatrix>;
  /** aᵀ b in float32. */
  transposeMultiplyNarrow(a: NarrowMatrix, b: NarrowMatrix): Promise<NarrowMatrix>;
  /** c - a b, or c - a bᵀ. */
  subtract(c: Matrix, a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  release(): Promise<void>;
}

/** Which operands a product takes transposed, and whether it is taken off a third matrix. */
interface Form {
  readonly left: boolean;
  readonly right: boolean;
  readonly subtracts: boolean;
  readonly type: 'float64' | 'float32';
}

/** Opset with float64 Gemm; any since 7 has it. */
const OPSET = 13;
/** Multiplications below which the loop here is done before a session has started (some 50 us, measured). */
const SMALL = 32 ** 3;

export function matrixProducts(runtime: Runtime, threads: number): Products {
  const sessions = new Map<string, Promise<Session>>();
  const sessionOf = (form: Form): Promise<Session> => {
    const key = JSON.stringify(form);
    const session = sessions.get(key) ?? runtime.createSession(productGraph(form), { provider: 'cpu', threads });
    sessions.set(key, session);
    return session;
  };
  const large = async (form: Form, a: NdArray, b: NdArray, c?: NdArray): Promise<NdArray['data']> => {
    const { y } = await (await sessionOf(form)).run({ a, b, ...(c !== undefined && { c }) });
    if (y === undefined) throw new Error('a product has no result');
    return y.data;
  };
  const run = async (form: Form, a: Matrix, b: Matrix, c?: Matrix): Promise<Matrix> => {
    const { rows, inner, columns } = sizes(form, a, b);
    if (rows * inner * columns <= SMALL) return smallProduct(form, a, b, c);
    const data = await large(form, arrayOf(form, a), arrayOf(form, b), c && arrayOf(form, c));
    return { rows, columns, data: data as Float64Array };
  };
  const runNarrow = async (form: Form, a: NarrowMatrix, b: NarrowMatrix): Promise<NarrowMatrix> => {
    const { rows, columns } = sizes(form, a, b);
    return { rows, columns, data: await large(form, arrayOf(form, a), arrayOf(form, b)) as Float32Array };
  };
  const plain: Form = { left: false, right: false, subtracts: false, type: 'float64' };
  return {
    multiply: (a, b, transposed) => run({ ...plain, right: transposed !== undefined }, a, b),
    transposeMultiply: (a, b) => run({ ...plain, left: true }, a, b),
    subtract: (c, a, b, transposed) => run({ ...plain, right: transposed !== undefined, subtracts: true }, a, b, c),
    multiplyNarrow: (a, b) => runNarrow({ ...plain, type: 'float32' }, a, b),
    transposeMultiplyNarrow: (a, b) => runNarrow({ ...plain, left: true, type: 'float32' }, a, b),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

/** Of a product: its rows and columns, and how many terms its sums have. */
function sizes({ left, right }: Form, a: Matrix | NarrowMatrix, b: Matrix | NarrowMatrix): { rows: number; inner: number; columns: number } {
  const [rows, inner] = left ? [a.columns, a.rows] : [a.rows, a.columns];
  return { rows, inner, columns: right ? b.rows : b.columns };
}

function arrayOf({ type }: Form, { rows, columns, data }: Matrix | NarrowMatrix): NdArray {
  return { type, dims: [rows, columns], data };
}

function productGraph({ left, right, subtracts, type }: Form): Model {
  const names = subtracts ? ['a', 'b', 'c'] : ['a', 'b'];
  const attributes = { alpha: float(subtracts ? -1 : 1), transA: int(left ? 1 : 0), transB: int(right ? 1 : 0) };
  return makeModel(makeGraph({
    name: 'product',
    nodes: [makeNode('Gemm', names, ['y'], attributes)],
    inputs: names.map((name) => makeValue(name, type, [`${name}0`, `${name}1`])),
    outputs: [makeValue('y', type, ['y0', 'y1'])],
  }), { '': OPSET });
}

function smallProduct(form: Form, a: Matrix, b: Matrix, c: Matrix | undefined): Matrix {
  const { left, right } = form;
  const { rows, inner, columns } = sizes(form, a, b);
  // Steps from one entry to the next of the inner sum, and of the result.
  const [aOuter, aInner] = left ? [1, a.columns] : [a.columns, 1];
  const [bOuter, bInner] = right ? [b.columns, 1] : [1, b.columns];
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let k = 0; k < inner; k += 1) sum += (a.data[row * aOuter + k * aInner] as number) * (b.data[column * bOuter + k * bInner] as number);
      data[row * columns + column] = c === undefined ? sum : (c.data[row * columns + column] as number) - sum;
    }
  }
  return { rows, columns, data };
}
