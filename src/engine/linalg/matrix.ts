// Matrices of float64 as plain records, and what only moves their numbers about. Products are in products.ts.

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** Row-major, half as wide. */
export interface NarrowMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export function narrowed(m: Matrix): NarrowMatrix {
  return { ...m, data: new Float32Array(m.data) };
}

export function widened(m: NarrowMatrix): Matrix {
  return { ...m, data: new Float64Array(m.data) };
}

/** Edge of the squares that a transpose is done by: two of them fit into the first level of cache (2 * 32 * 32 * 8 bytes = 16 KiB). */
const TILE = 32;

/** A copy with rows and columns exchanged. */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const copy = new Float64Array(rows * columns);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) copy[column * rows + row] = data[row * columns + column] as number;
      }
    }
  }
  return { rows: columns, columns: rows, data: copy };
}

/** Rows and columns from a start to an end (exclusive), copied. */
export function part({ columns, data }: Matrix, top: number, bottom: number, left: number, right: number): Matrix {
  const width = right - left;
  const copy = new Float64Array((bottom - top) * width);
  for (let row = top; row < bottom; row += 1) copy.set(data.subarray(row * columns + left, row * columns + right), (row - top) * width);
  return { rows: bottom - top, columns: width, data: copy };
}

/** The first columns, copied. */
export function leadingColumns(m: Matrix, count: number): Matrix {
  return part(m, 0, m.rows, 0, count);
}

/** Two matrices with equally many rows, side by side. */
export function beside(left: Matrix, right: Matrix): Matrix {
  const columns = left.columns + right.columns;
  const data = new Float64Array(left.rows * columns);
  for (let row = 0; row < left.rows; row += 1) {
    data.set(left.data.subarray(row * left.columns, (row + 1) * left.columns), row * columns);
    data.set(right.data.subarray(row * right.columns, (row + 1) * right.columns), row * columns + left.columns);
  }
  return { rows: left.rows, columns, data };
}

export function identity(size: number): Matrix {
  const data = new Float64Array(size * size);
  for (let index = 0; index < size; index += 1) data[index * size + index] = 1;
  return { rows: size, columns: size, data };
}

/** A copy with every column multiplied by its factor. */
export function scaledColumns({ rows, columns, data }: Matrix, factors: ArrayLike<number>): Matrix {
  const copy = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) copy[row * columns + column] = (data[row * columns + column] as number) * (factors[column] as number);
  }
  return { rows, columns, data: copy };
}

/** Euclidean length of each column. */
export function columnNorms({ rows, columns, data }: Matrix): Float64Array {
  const norms = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) norms[column] = (norms[column] as number) + (data[row * columns + column] as number) ** 2;
  }
  return norms.map(Math.sqrt);
}

/** Sum of the squares of all entries: the square of the Frobenius norm. */
export function squaredNorm({ data }: Matrix): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}

/** Independent standard normal numbers (Box and Muller 1958). */
export function normalMatrix(rows: number, columns: number, random: () => number): Matrix {
  const data = new Float64Array(rows * columns);
  for (let index = 0; index < data.length; index += 2) {
    // 1 - random() is never 0, whose logarithm is infinite.
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    data[index] = radius * Math.cos(angle);
    if (index + 1 < data.length) data[index + 1] = radius * Math.sin(angle);
  }
  return { rows, columns, data };
}
