// The two ways of looking at tensors of a running model: extremes reduced by the graph itself, or the values fetched.
// Each adds outputs to a copy of the float model and hands what they give to the observers.

import { int } from '../../ir/attributes';
import { makeNode, makeValue } from '../../ir/build';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graphIndex';
import type { Model } from '../../ir/model';
import type { NdArray } from '../../ports';
import { type Extremes, extremesOf } from './histogram';
import { type Observers, observeExtremes, observeValues } from './observers';

export type Values = Readonly<Record<string, NdArray>>;

export interface Observation {
  /** The model with what is looked at as its outputs. */
  readonly model: Model;
  /** Outputs of `model` to fetch; the first run also fetches what tells the size of the observed values. */
  fetches(first: boolean): readonly string[];
  /** Shows the values to the observers, unless a tensor holds NaN or infinite values: then gives its name and does nothing. */
  observe(observers: Observers, values: Values): string | undefined;
  /** Bytes of the observed tensors, where they were fetched. */
  bytes(values: Values): number | undefined;
}

/** Fetches the tensors themselves (inputs of the model are known without). */
export function fetchedValues(model: Model, tensors: readonly string[]): Observation {
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  const fetched = tensors.filter((tensor) => !inputs.has(tensor));
  return {
    model: withOutputs(model, fetched),
    fetches: () => fetched,
    observe(observers, values) {
      const extremes = tensors.map((tensor) => extremesOf(floats(values, tensor)));
      const bad = tensors.find((tensor, position) => floats(values, tensor).length > 0 && !isFiniteRange(extremes[position] as Extremes));
      if (bad !== undefined) return bad;
      for (const [position, tensor] of tensors.entries()) observeValues(observers, tensor, floats(values, tensor), extremes[position] as Extremes);
      return undefined;
    },
    bytes: (values) => bytesOf(values, tensors),
  };
}

/** Fetches minimum, maximum and sum of each tensor; the sum is not finite when any value is not. */
export function reducedExtremes(model: Model, tensors: readonly string[]): Observation {
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  const fetched = tensors.filter((tensor) => !inputs.has(tensor));
  const copy = withOutputs(model, fetched);
  const index = indexGraph(copy.graph);
  const reductions = tensors.map((tensor) => {
    const names = { low: index.uniqueName(`${tensor}_min`), high: index.uniqueName(`${tensor}_max`), sum: index.uniqueName(`${tensor}_sum`) };
    const reduce = (operator: string, output: string): void => {
      copy.graph.nodes.push(makeNode(operator, [tensor], [output], { keepdims: int(0) }));
      copy.graph.outputs.push(makeValue(output, 'float32', []));
    };
    reduce('ReduceMin', names.low);
    reduce('ReduceMax', names.high);
    reduce('ReduceSum', names.sum);
    return { tensor, ...names };
  });
  const scalars = reductions.flatMap(({ low, high, sum }) => [low, high, sum]);
  return {
    model: copy,
    fetches: (first) => (first ? [...fetched, ...scalars] : scalars),
    observe(observers, values) {
      const bad = reductions.find(({ sum }) => !Number.isFinite(floats(values, sum)[0]))?.tensor;
      if (bad !== undefined) return bad;
      for (const { tensor, low, high } of reductions) {
        observeExtremes(observers, tensor, { low: floats(values, low)[0] as number, high: floats(values, high)[0] as number });
      }
      return undefined;
    },
    bytes: (values) => bytesOf(values, tensors),
  };
}

function withOutputs(model: Model, tensors: readonly string[]): Model {
  const copy = cloneModel(model);
  copy.graph.outputs = tensors.map((tensor) => makeValue(tensor, 'float32', null));
  return copy;
}

function isFiniteRange({ low, high }: Extremes): boolean {
  return Number.isFinite(low) && Number.isFinite(high);
}

function floats(values: Values, name: string): Float32Array {
  return values[name]?.data as Float32Array;
}

function bytesOf(values: Values, tensors: readonly string[]): number | undefined {
  if (tensors.some((tensor) => values[tensor] === undefined)) return undefined;
  return tensors.reduce((sum, tensor) => sum + floats(values, tensor).byteLength, 0);
}
