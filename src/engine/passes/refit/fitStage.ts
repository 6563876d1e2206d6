// One stage of a refit as a part of the graph: what enters its layers after the cut and what left them before it, reduced to
// the sums that least squares need.

import { int, ints } from '../../ir/attributes';
import { makeValue } from '../../ir/build';
import { cloneModel } from '../../ir/clone';
import { wireOf } from '../../ir/dataTypes';
import { isOp, type Node, type ValueInfo } from '../../ir/model';
import { columnsGraph, type GraphWriter, rowsGraph, writerOn } from '../linear/columns';
import { columnsOf, type MatrixLayout } from '../linear/layout';
import { allFinite, finiteDiagonals, type SummedOutput } from '../linear/sums';
import type { Part } from './batches';
import type { RefitLayer } from './layers';
import type { KeptParts } from './kept';
import type { FitSums } from './leastSquares';
import { type Boundary, boundaryAfter, partOf, type SideBySide } from './sideBySide';

export interface StageTask {
  readonly both: SideBySide;
  readonly kept: KeptParts;
  readonly stage: readonly RefitLayer[];
  /** Layers of the stages behind it. */
  readonly later: readonly RefitLayer[];
  readonly from: Boundary;
}

export interface StagePart extends Omit<Part, 'onProgress'> {
  /** Sums of a layer of the stage, by its position, from those of a run. */
  sumsOf(position: number, totals: readonly Float64Array[]): FitSums;
}

export function stagePart({ both, kept, stage, later, from }: StageTask): StagePart {
  const model = cloneModel(both.model);
  const build = writerOn(model);
  const outputs: SummedOutput[] = [];
  const add = (name: string, length: number, isFinite: SummedOutput['isFinite']): number => outputs.push({ name, length, isFinite }) - 1;
  const single = (name: string): string => (both.shapes.tensors.get(name)?.type === 'float32' ? name : build.node('Cast', [name], { to: int(wireOf('float32')) }));
  /** Query, key and value look at the same activations. */
  const known = new Map<string, ColumnSums>();
  const layers = stage.map(({ node, weight: { layout } }) => {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const key = isOp(node, 'MatMul') ? input : output;
    const columns = known.get(key) ?? columnSums(build, columnsGraph(build, single(input), node, layout), layout, add);
    known.set(key, columns);
    const y = rowsGraph(build, single(keptPart(build, both.before(output), output, kept)), node, layout);
    const rows = layout.groups * layout.rows;
    return {
      ...columns,
      cross: add(build.node('MatMul', [y, columns.transposed]), rows * columnsOf(layout), allFinite),
      rowSums: add(build.sumOverLast(y), rows, allFinite),
      rowSquares: add(build.sumOverLast(build.node('Mul', [y, y])), rows, allFinite),
    };
  });
  const next = knownTypes(boundaryAfter(both.model, from, endsOf(both, stage), endsOf(both, later)), both);
  const results = new Map<string, ValueInfo>(outputs.map(({ name }) => [name, makeValue(name, 'float32', null)]));
  for (const name of next ?? []) if (!from.has(name)) results.set(name, makeValue(name, both.shapes.tensors.get(name)?.type ?? 'float32', null));
  return {
    model: partOf(model, both.shapes, from, [...results.values()]), sums: outputs, next,
    sumsOf(position, totals) {
      const own = layers[position];
      const at = (index: number | undefined): Float64Array => totals[index ?? -1] ?? new Float64Array(0);
      return { gram: at(own?.gram), cross: at(own?.cross), columnSums: at(own?.columnSums), rowSums: at(own?.rowSums), rowSquares: at(own?.rowSquares), count: at(own?.count)[0] ?? 0 };
    },
  };
}

/** Positions among the sums. */
interface ColumnSums {
  readonly gram: number;
  readonly columnSums: number;
  readonly count: number;
  /** Tensor [groups, samples * places, columns]. */
  readonly transposed: string;
}

function columnSums(build: GraphWriter, x: string, layout: MatrixLayout, add: (name: string, length: number, isFinite: SummedOutput['isFinite']) => number): ColumnSums {
  const columns = columnsOf(layout);
  const transposed = build.node('Transpose', [x], { perm: ints([0, 2, 1]) });
  const places = build.node('Gather', [build.node('Shape', [x]), build.constant([1], BigInt64Array.of(2n))], { axis: int(0) });
  return {
    transposed,
    gram: add(build.node('MatMul', [x, transposed]), layout.groups * columns * columns, (sums) => finiteDiagonals(sums, columns)),
    columnSums: add(build.sumOverLast(x), layout.groups * columns, allFinite),
    count: add(build.node('Cast', [places], { to: int(wireOf('float32')) }), 1, allFinite),
  };
}

/** Of an activation before the cut what is left of it after. */
function keptPart(build: GraphWriter, tensor: string, name: string, kept: KeptParts): string {
  return (kept(name) ?? []).reduce((whole, entries, axis) => (entries === undefined ? whole
    : build.node('Gather', [whole, build.constant([entries.length], BigInt64Array.from(entries, BigInt))], { axis: int(axis) })), tensor);
}

function endsOf({ before }: SideBySide, layers: readonly RefitLayer[]): string[] {
  const ends = ({ inputs: [input = ''], outputs: [output = ''] }: Node): string[] => [input, before(output)];
  return layers.flatMap(({ node }) => ends(node));
}

/** Values that are no plain tensors of a known type cannot be handed on. */
function knownTypes(boundary: Boundary, { shapes }: SideBySide): Boundary | undefined {
  const isPlain = (name: string): boolean => {
    const facts = shapes.tensors.get(name);
    return facts !== undefined && facts.containers === undefined;
  };
  return [...boundary].every(isPlain) ? boundary : undefined;
}
