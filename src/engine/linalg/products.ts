// Products of float64 matrices: large ones on onnxruntime, by one small graph a form, made when first needed; small ones here.

import { float, int } from '../ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../ir/build';
import type { Model } from '../ir/model';
import type { NdArray, Runtime, Session } from '../ports';
import type { Matrix } from './matrix';

/** Every method: one new matrix, inner sizes as algebra wants them. */
export interface Products {
  /** a b, or a bᵀ. */
  multiply(a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  /** aᵀ b. */
  transposeMultiply(a: Matrix, b: Matrix): Promise<Matrix>;
  /** c - a b, or c - a bᵀ. */
  subtract(c: Matrix, a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  release(): Promise<void>;
}

/** Which operands a product takes transposed, and whether it is taken off a third matrix. */
interface Form {
  readonly left: boolean;
  readonly right: boolean;
  readonly subtracts: boolean;
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
  const run = async (form: Form, a: Matrix, b: Matrix, c?: Matrix): Promise<Matrix> => {
    const [rows, inner] = form.left ? [a.columns, a.rows] : [a.rows, a.columns];
    const columns = form.right ? b.rows : b.columns;
    if (rows * inner * columns <= SMALL) return smallProduct(form, a, b, c);
    const session = await sessionOf(form);
    const { y } = await session.run({ a: arrayOf(a), b: arrayOf(b), ...(c !== undefined && { c: arrayOf(c) }) });
    return { rows, columns, data: y?.data as Float64Array };
  };
  return {
    multiply: (a, b, transposed) => run({ left: false, right: transposed !== undefined, subtracts: false }, a, b),
    transposeMultiply: (a, b) => run({ left: true, right: false, subtracts: false }, a, b),
    subtract: (c, a, b, transposed) => run({ left: false, right: transposed !== undefined, subtracts: true }, a, b, c),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

function arrayOf({ rows, columns, data }: Matrix): NdArray {
  return { type: 'float64', dims: [rows, columns], data };
}

function productGraph({ left, right, subtracts }: Form): Model {
  const names = subtracts ? ['a', 'b', 'c'] : ['a', 'b'];
  const attributes = { alpha: float(subtracts ? -1 : 1), transA: int(left ? 1 : 0), transB: int(right ? 1 : 0) };
  return makeModel(makeGraph({
    name: 'product',
    nodes: [makeNode('Gemm', names, ['y'], attributes)],
    inputs: names.map((name) => makeValue(name, 'float64', [`${name}0`, `${name}1`])),
    outputs: [makeValue('y', 'float64', ['y0', 'y1'])],
  }), { '': OPSET });
}

function smallProduct({ left, right }: Form, a: Matrix, b: Matrix, c: Matrix | undefined): Matrix {
  const [rows, inner] = left ? [a.columns, a.rows] : [a.rows, a.columns];
  const columns = right ? b.rows : b.columns;
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
