// The two ways of looking at tensors of a running model: extremes reduced by the graph itself, or the values fetched.
// Each adds outputs to a copy of the float model and hands what they give to the observers.

import { int } from '../../ir/attributes';
import { makeNode, makeValue } from '../../ir/build';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graphIndex';
import type { Model } from '../../ir/model';
import type { NdArray } from '../../ports';
import { hasNonFinite } from './histogram';
import { type Observers, observeExtremes, observeValues } from './observers';

export type Values = Readonly<Record<string, NdArray>>;

export interface Observation {
  /** The model with what is looked at as its outputs. */
  readonly model: Model;
  /** Outputs of `model` to fetch; the first run also fetches what tells the size of the observed values. */
  fetches(first: boolean): readonly string[];
  /** The first tensor that holds NaN or infinite values. */
  notFinite(values: Values): string | undefined;
  observe(observers: Observers, values: Values): void;
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
    notFinite: (values) => tensors.find((tensor) => hasNonFinite(floats(values, tensor))),
    observe(observers, values) {
      for (const tensor of tensors) observeValues(observers, tensor, floats(values, tensor));
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
    notFinite: (values) => reductions.find(({ sum }) => !Number.isFinite(floats(values, sum)[0]))?.tensor,
    observe(observers, values) {
      for (const { tensor, low, high } of reductions) {
        observeExtremes(observers, tensor, floats(values, low)[0] as number, floats(values, high)[0] as number);
      }
    },
    bytes: (values) => bytesOf(values, tensors),
  };
}

function withOutputs(model: Model, tensors: readonly string[]): Model {
  const copy = cloneModel(model);
  copy.graph.outputs = tensors.map((tensor) => makeValue(tensor, 'float32', null));
  return copy;
}

function floats(values: Values, name: string): Float32Array {
  return values[name]?.data as Float32Array;
}

function bytesOf(values: Values, tensors: readonly string[]): number | undefined {
  if (tensors.some((tensor) => values[tensor] === undefined)) return undefined;
  return tensors.reduce((sum, tensor) => sum + floats(values, tensor).byteLength, 0);
}
