// Random graphs whose tensors are used several times: the contributions to a gradient must all arrive, once each. Every
// leaf enters with degree two at most, for which central differences with a step of one are exact.

import fc from 'fast-check';
import { int } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeValue } from '../../../../src/engine/ir/build';
import { elementCount, type Model } from '../../../../src/engine/ir/model';
import type { NdArray } from '../../../../src/engine/ports';
import { seededRandom } from '../../../../src/engine/random';
import { differentiate } from '../../../../src/engine/train/gradient/differentiate';
import { GraphBuilder } from '../../../../src/engine/train/graphBuilder';
import { assertClose, runAll, wholeNumbers } from '../../../support/gradientCheck';
import { seed } from './reference/arbitraries';

const LEAVES = ['x0', 'x1', 'x2'] as const;
const LEAF_DIMS = [2, 3];
const STEPS = 9;

interface Value {
  readonly name: string;
  readonly dims: readonly [number, number];
  /** How often each leaf is multiplied by itself in it. */
  readonly degrees: readonly number[];
}

/** Matrices only; a step takes any earlier ones, so that most are used more than once and some not at all. */
function randomGraph(first: number): Model {
  const random = seededRandom(first);
  const below = (count: number): number => Math.floor(random() * count);
  const model = makeModel(makeGraph({ nodes: [], inputs: LEAVES.map((name) => makeValue(name, 'float32', LEAF_DIMS)), outputs: [] }));
  const build = new GraphBuilder(model.graph);
  const values: Value[] = LEAVES.map((name, leaf) => ({ name, dims: [2, 3], degrees: LEAVES.map((_, index) => (index === leaf ? 1 : 0)) }));
  const any = (): Value => values[below(values.length)] as Value;
  const add = (name: string, rows: number, columns: number, { degrees }: Pick<Value, 'degrees'>): void => { values.push({ name, dims: [rows, columns], degrees }); };
  const largest = (a: Value, b: Value): Pick<Value, 'degrees'> => ({ degrees: a.degrees.map((degree, leaf) => Math.max(degree, b.degrees[leaf] ?? 0)) });
  const both = (a: Value, b: Value): Pick<Value, 'degrees'> => ({ degrees: a.degrees.map((degree, leaf) => degree + (b.degrees[leaf] ?? 0)) });
  const quadratic = ({ degrees }: Pick<Value, 'degrees'>): boolean => degrees.every((degree) => degree <= 2);
  const turned = (value: Value): Value => ({ ...value, name: build.transpose(value.name, [1, 0]), dims: [value.dims[1], value.dims[0]] });

  for (let step = 0; step < STEPS; step += 1) {
    const a = any();
    const b = any();
    const [rows, columns] = a.dims;
    switch (below(8)) {
      case 0: add(build.transpose(a.name, [1, 0]), columns, rows, a); break;
      case 1: add(build.slice(a.name, 1, columns - 1, -columns - 1, -1), rows, columns, a); break;
      case 2: add(build.node('Pad', [a.name, build.ints([0, 1, 1, 0])]), rows + 1, columns + 1, a); break;
      case 3: add(build.node('Gather', [a.name, build.ints([0, -1, 0])], { axis: int(0) }), 3, columns, a); break;
      case 4: {
        const [left, right] = build.nodes('Split', [a.name, build.ints([1, rows - 1])], 2, { axis: int(0) }) as [string, string];
        add(left, 1, columns, a);
        add(right, rows - 1, columns, a);
        break;
      }
      case 5: {
        if (rows > 4 || columns > 4) break;
        add(build.concat([a.name, a.name], 0), 2 * rows, columns, a);
        break;
      }
      case 6: {
        const same = values.find((value) => value !== a && value.dims.join() === a.dims.join()) ?? a;
        add(build.add(a.name, same.name), rows, columns, largest(a, same));
        if (quadratic(both(a, same))) add(build.mul(a.name, same.name), rows, columns, both(a, same));
        break;
      }
      default: {
        const other = b.dims[0] === columns ? b : turned(b);
        if (other.dims[0] === columns && quadratic(both(a, b))) add(build.matmul(a.name, other.name), rows, other.dims[1], both(a, b));
      }
    }
    // Splits may leave nothing of a matrix.
    while (elementCount(values.at(-1)?.dims ?? []) === 0) values.pop();
  }
  const totals = values.slice(-4).map(({ name }) => build.node('ReduceSum', [build.node('Reshape', [name, build.ints([-1])])], { keepdims: int(0) }));
  build.named('Sum', totals, ['loss']);

  return model;
}

describe('gradients: whole graphs', () => {
  it('sum over every use of a tensor', () => fc.assert(fc.asyncProperty(seed, async (first) => {
    const model = randomGraph(first);
    const base = Object.fromEntries(LEAVES.map((leaf, index) => [leaf, wholeNumbers(LEAF_DIMS, first + index, 1)]));
    const count = elementCount(LEAF_DIMS);
    const moved = LEAVES.flatMap((leaf) => Array.from({ length: 2 * count }, (_, step) => {
      const data = Float32Array.from((base[leaf] as NdArray).data as Float32Array);
      data[step >> 1] = (data[step >> 1] as number) + (step % 2 === 0 ? 1 : -1);
      return { ...base, [leaf]: { ...(base[leaf] as NdArray), data } };
    }));
    const losses = (await runAll(model, ['loss'], moved)).map((result) => Number(result['loss']?.data[0]));
    const { model: trained, gradients } = await differentiate(model, 'loss', LEAVES);
    const [found] = await runAll(trained, [...new Set(gradients.values())], [base]);
    LEAVES.forEach((leaf, index) => {
      const expected = Float64Array.from({ length: count }, (_, element) => {
        const at = 2 * (index * count + element);
        return ((losses[at] as number) - (losses[at + 1] as number)) / 2;
      });
      assertClose(expected, found?.[gradients.get(leaf) ?? '']?.data as Float32Array | undefined, 1e-6, `dL/d${leaf} of graph ${first}`);
    });
  }), { numRuns: 60 }));
});
