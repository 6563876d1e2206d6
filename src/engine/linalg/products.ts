// Products of float64 matrices on onnxruntime: the heavy part of SparseGPT and of least squares. One small graph a form, made when first needed.

import { float, int } from '../ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../ir/build';
import type { Model } from '../ir/model';
import type { NdArray, Runtime, Session } from '../ports';

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export interface Products {
  /** a b, or a bᵀ. */
  multiply(a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  /** c - a b, or c - a bᵀ. */
  subtract(c: Matrix, a: Matrix, b: Matrix, transposed?: 'transposed'): Promise<Matrix>;
  release(): Promise<void>;
}

/** Opset with float64 Gemm; any since 7 has it. */
const OPSET = 13;

export function matrixProducts(runtime: Runtime, threads: number): Products {
  const sessions = new Map<string, Promise<Session>>();
  const sessionOf = (subtracts: boolean, transposes: boolean): Promise<Session> => {
    const key = `${subtracts} ${transposes}`;
    const session = sessions.get(key) ?? runtime.createSession(productGraph(subtracts, transposes), { provider: 'cpu', threads });
    sessions.set(key, session);
    return session;
  };
  const run = async (a: Matrix, b: Matrix, transposes: boolean, c?: Matrix): Promise<Matrix> => {
    const session = await sessionOf(c !== undefined, transposes);
    const { y } = await session.run({ a: arrayOf(a), b: arrayOf(b), ...(c !== undefined && { c: arrayOf(c) }) });
    return { rows: a.rows, columns: transposes ? b.rows : b.columns, data: y?.data as Float64Array };
  };
  return {
    multiply: (a, b, transposed) => run(a, b, transposed !== undefined),
    subtract: (c, a, b, transposed) => run(a, b, transposed !== undefined, c),
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

function arrayOf({ rows, columns, data }: Matrix): NdArray {
  return { type: 'float64', dims: [rows, columns], data };
}

function productGraph(subtracts: boolean, transposes: boolean): Model {
  const names = subtracts ? ['a', 'b', 'c'] : ['a', 'b'];
  return makeModel(makeGraph({
    name: 'product',
    nodes: [makeNode('Gemm', names, ['y'], { alpha: float(subtracts ? -1 : 1), transB: int(transposes ? 1 : 0) })],
    inputs: names.map((name) => makeValue(name, 'float64', [`${name}0`, `${name}1`])),
    outputs: [makeValue('y', 'float64', ['y0', 'y1'])],
  }), { '': OPSET });
}
