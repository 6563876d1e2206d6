// How far the answers of a model are from those it gave before: the Kullback-Leibler divergence where outputs are classes,
// the share of the squared size that differs where they are numbers. No labels are needed.

import type { Batch, Label } from '../data/dataset';
import { numberAt } from '../data/preprocess/cast';
import { elementCount, type Graph } from '../ir/model';
import type { ShapeMap } from '../ir/shapes/index';
import type { NdArray } from '../ports';
import { outputsOf } from '../train/prepare';
import { classAxisOf, labelFormOf } from '../train/targets';
import type { TrainableOutput } from '../train/trainable';

type Outputs = Readonly<Record<string, NdArray>>;

export interface Distance {
  /** Sum over the outputs; of each the mean over samples. Infinite where answers are not finite. */
  readonly divergence: number;
  /** Share of answers (classes, yes or no) that are others than before; undefined where outputs are numbers. */
  readonly changed: number | undefined;
}

/** What the distances of several batches add up to. */
export class Distances {
  private divergence = 0;
  private readonly squares = new Map<string, { error: number; size: number }>();
  private answers = 0;
  private changes = 0;
  private samples = 0;

  add(outputs: readonly AnswerOutput[], before: Outputs, after: Outputs, batch: Batch): void {
    this.samples += batch.size;
    for (const output of outputs) {
      const [reference, found] = [before[output.name], after[output.name]];
      if (reference === undefined || found === undefined) continue;
      if (output.form === 'values') this.addValues(output.name, reference, found);
      else this.addClasses(output, reference, found, batch.size);
    }
  }

  value(): Distance {
    const parts = [...this.squares.values()].map(({ error, size }) => error / (size || 1));
    const divergence = this.divergence / this.samples + parts.reduce((sum, part) => sum + part, 0);
    return { divergence: Number.isFinite(divergence) ? divergence : Infinity, changed: this.answers === 0 ? undefined : this.changes / this.answers };
  }

  private addValues(name: string, reference: NdArray, found: NdArray): void {
    const sums = this.squares.get(name) ?? { error: 0, size: 0 };
    const [before, after] = [numberAt(reference), numberAt(found)];
    for (let at = 0; at < reference.data.length; at += 1) {
      sums.error += (after(at) - before(at)) ** 2;
      sums.size += before(at) ** 2;
    }
    this.squares.set(name, sums);
  }

  private addClasses(output: AnswerOutput, reference: NdArray, found: NdArray, samples: number): void {
    const [before, after] = [logsOf(output, reference), logsOf(output, found)];
    for (let position = 0; position < before.positions; position += 1) {
      const [was, is] = [before.at(position), after.at(position)];
      this.divergence += (divergenceOf(was, is) * samples) / before.positions;
      this.answers += 1;
      if (largest(was) !== largest(is)) this.changes += 1;
    }
  }
}

export interface AnswerOutput extends TrainableOutput {
  readonly form: ReturnType<typeof labelFormOf>;
}

/**
 * The float outputs and what they are, told by the graph, by what they gave for a batch, and by labels where there are any.
 * A bare output has classes where the labels of the first one say so; without labels where it is the only one and gives
 * each sample a row. The rest are numbers.
 */
export function answerOutputs(graph: Graph, shapes: ShapeMap, outputs: Outputs, { size, labels = [] }: { readonly size: number; readonly labels?: readonly Label[] }): readonly AnswerOutput[] {
  const tensors = new Map([...shapes.tensors, ...Object.entries(outputs).map(([name, { type, dims }]) => [name, { type, shape: dims }] as const)]);
  const found = outputsOf(graph, { ...shapes, tensors }).filter(({ dims }) => elementCount(dims) > 0);
  return found.map((output, index) => {
    const axis = classAxisOf(output, size, labels);
    const isRow = found.length === 1 && output.dims.slice(1).filter((dim) => dim !== 1).length === 1;
    const isKnown = output.activation !== 'none' || (labels.length > 0 ? index === 0 : isRow);
    return { ...output, axis, form: isKnown ? labelFormOf({ ...output, axis }, size, labels) : 'values' };
  });
}

// ── distributions ────────────────────────────────────────────────────────────────────────────────────────────────

/** Distributions of an output, one a sample, pixel, token or question. */
interface Logs {
  readonly positions: number;
  /** Log probabilities of the classes there. */
  at(position: number): Float64Array;
}

/** Smallest probability that counts; about the smallest of float32. */
const LEAST = 1e-38;

function logsOf({ form, activation, axis }: AnswerOutput, array: NdArray): Logs {
  const value = numberAt(array);
  const total = elementCount(array.dims);
  if (form === 'binary') {
    // Each element is a question of its own, answered by no or yes.
    return { positions: total, at: (position) => Float64Array.of(1 - value(position), value(position)).map(logOf) };
  }
  const classes = array.dims[axis] ?? 1;
  const stride = elementCount(array.dims.slice(axis + 1));
  return {
    positions: total / classes,
    at(position) {
      const first = Math.floor(position / stride) * classes * stride + (position % stride);
      const values = Float64Array.from({ length: classes }, (_, index) => value(first + index * stride));
      return activation === 'softmax' ? values.map(logOf) : activation === 'none' ? logSoftmax(values) : values;
    },
  };
}

function logOf(probability: number): number {
  return Math.log(Math.max(probability, LEAST));
}

function logSoftmax(values: Float64Array): Float64Array {
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return values.map((value) => value - top - total);
}

/** Sum of p (log p - log q); both are logs. */
function divergenceOf(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, log, index) => sum + Math.exp(log) * (log - (q[index] as number)), 0);
}

function largest(values: Float64Array): number {
  return values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);
}
