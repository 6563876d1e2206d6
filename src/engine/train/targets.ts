// Labels of a batch as the float32 targets that the training graph is fed: distributions over classes, probabilities or
// numbers, smoothed. What labels mean is decided once, from the model's output and the first labels.

import type { Batch, Label } from '../data/dataset';
import { labelNumbers } from '../data/metrics/readOutputs';
import { quoted } from '../data/schemaCheck';
import { EngineError } from '../error';
import { elementCount } from '../ir/model';
import type { LabelForm } from './losses/loss';
import type { TrainableOutput } from './trainable';

export interface TargetPlan {
  readonly form: LabelForm;
  readonly output: TrainableOutput;
  /** Samples that `output.dims` is for. */
  readonly batch: number;
  readonly smoothing: number;
  /** The data, for messages. */
  readonly file: string;
}

export interface Targets {
  /** What losses compare with; one sample after the other, each of the output's size. */
  readonly soft: Float32Array;
  /** The class of every position as 0 and 1, not smoothed; for `classes` only. */
  readonly hard?: Float32Array;
}

/** Pixels with this label count for nothing (Pascal VOC, Cityscapes), unless there are that many classes. */
const IGNORED_PIXEL = 255;
/** Tokens with this label count for nothing: PyTorch's `ignore_index`, with which Hugging Face pads. */
const IGNORED_TOKEN = -100;

/** Whole samples are never ignored: their label would be a mistake in the data. */
function isIgnored(label: number, { classes, positions }: Pick<Layout, 'classes' | 'positions'>): boolean {
  return positions > 1 && (label === IGNORED_TOKEN || (label === IGNORED_PIXEL && classes <= IGNORED_PIXEL));
}

/**
 * Softmax outputs have classes, Sigmoid outputs binary targets. A bare output has classes when the labels are whole
 * numbers (or one-hot), one a position, and there are two classes or more; else values.
 */
export function labelFormOf(output: TrainableOutput, batch: number, labels: readonly Label[]): LabelForm {
  if (output.activation === 'sigmoid') return 'binary';
  if (output.activation !== 'none') return 'classes';
  const { classes, positions } = layoutOf(output, batch);
  const areClasses = classes > 1 && labels.every((label) => {
    const numbers = labelNumbers(label);
    if (numbers === undefined) return true;
    return (numbers.length === positions && numbers.every((value) => (Number.isInteger(value) && value >= 0) || isIgnored(value, { classes, positions }))) || isOneHot(numbers, classes);
  });
  return areClasses ? 'classes' : 'values';
}

/**
 * The axis of the classes. A bare output of rank 3 and more may have them on axis 1 ([n, classes, ...], pixels) or on the
 * last ([n, tokens, classes]): the one that leaves as many positions as a label has elements; where neither does or both
 * do, the axis that the output came with.
 */
export function classAxisOf({ activation, axis, dims }: TrainableOutput, batch: number, labels: readonly Label[]): number {
  const count = labels.map(labelNumbers).find((numbers) => numbers !== undefined)?.length;
  if (activation !== 'none' || dims.length < 3 || count === undefined) return axis;
  const fits = (candidate: number): boolean => elementCount(dims) / (dims[candidate] ?? 1) / batch === count;
  return [axis, 1, dims.length - 1].find(fits) ?? axis;
}

/** @throws EngineError `labelOutOfRange`, `labelUnfit`, `dataNotFinite` naming the sample by its index in the split. */
export function targetsOf(batch: Batch, plan: TargetPlan): Targets {
  const layout = layoutOf(plan.output, plan.batch);
  const soft = new Float32Array(batch.size * layout.classes * layout.positions);
  const hard = plan.form === 'classes' ? new Float32Array(soft.length) : undefined;
  for (let sample = 0; sample < batch.size; sample += 1) {
    const found = labelNumbers(batch.labels?.[sample]);
    const place: Place = { plan, layout, index: batch.indices[sample] ?? sample, start: sample * layout.classes * layout.positions };
    if (found === undefined) throw unfit(place, batch.labels?.[sample] === undefined ? 'found.labelMissing' : 'found.labelText', { text: quoted(batch.labels?.[sample]) });
    if (hard === undefined) writeValues(soft, found, place);
    else writeClasses(soft, hard, found, place);
  }
  return { soft, ...(hard && { hard }) };
}

interface Layout {
  readonly classes: number;
  /** Distributions a sample has: 1, or pixels, or tokens. */
  readonly positions: number;
  /** Elements from one class to the next. */
  readonly stride: number;
}

interface Place {
  readonly plan: TargetPlan;
  readonly layout: Layout;
  /** Sample in the split. */
  readonly index: number;
  /** Its first element among the targets. */
  readonly start: number;
}

function layoutOf({ dims, axis }: TrainableOutput, batch: number): Layout {
  const classes = dims[axis] ?? 1;
  return { classes, positions: elementCount(dims) / classes / batch, stride: elementCount(dims.slice(axis + 1)) };
}

/** Position p of a sample is element p of its label; its class c is at (p / stride, c, p % stride). */
function writeClasses(soft: Float32Array, hard: Float32Array, found: readonly number[], place: Place): void {
  const { plan, layout: { classes, positions, stride } } = place;
  const labels = positions === 1 && found.length !== 1 && isOneHot(found, classes) ? [found.indexOf(1)] : found;
  if (labels.length !== positions) throw unfit(place, 'found.labelCount', { count: labels.length });
  labels.forEach((label, position) => {
    if (isIgnored(label, place.layout)) return;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new EngineError('labelOutOfRange', { index: place.index, file: plan.file, label, classes });
    }
    const first = place.start + Math.floor(position / stride) * classes * stride + (position % stride);
    if (plan.smoothing > 0) for (let other = 0; other < classes; other += 1) soft[first + other * stride] = plan.smoothing / classes;
    soft[first + label * stride] = (soft[first + label * stride] as number) + 1 - plan.smoothing;
    hard[first + label * stride] = 1;
  });
}

function writeValues(soft: Float32Array, found: readonly number[], place: Place): void {
  const { plan, layout, index, start } = place;
  const wanted = layout.classes * layout.positions;
  // A single class before a Sigmoid of several outputs is a one-hot target.
  const values = plan.form === 'binary' && found.length === 1 && wanted > 1 && layout.positions === 1 ? oneHot(found[0] ?? 0, place) : found;
  if (values.length !== wanted) throw unfit(place, 'found.labelCount', { count: values.length });
  values.forEach((value, at) => {
    if (!Number.isFinite(value)) throw new EngineError('dataNotFinite', { sample: index, split: plan.file, value, input: 'labels' });
    if (plan.form === 'binary' && (value < 0 || value > 1)) throw new EngineError('labelOutOfRange', { index, file: plan.file, label: value, classes: 2 });
    soft[start + at] = plan.form === 'binary' ? value * (1 - plan.smoothing) + plan.smoothing / 2 : value;
  });
}

function oneHot(label: number, { plan, layout, index }: Place): number[] {
  if (!Number.isInteger(label) || label < 0 || label >= layout.classes) {
    throw new EngineError('labelOutOfRange', { index, file: plan.file, label, classes: layout.classes });
  }
  return Array.from({ length: layout.classes }, (_, at) => Number(at === label));
}

function isOneHot(numbers: readonly number[], classes: number): boolean {
  return numbers.length === classes && numbers.every((value) => value === 0 || value === 1) && numbers.filter((value) => value === 1).length === 1;
}

const wantedOf = { classes: 'wanted.trainClasses', binary: 'wanted.trainBinary', values: 'wanted.trainValues' } as const;

function unfit({ plan, index }: Place, found: string, params: Readonly<Record<string, string | number>>): EngineError {
  return new EngineError('labelUnfit', { ...params, sample: index, found, output: plan.output.name, shape: plan.output.dims.join(', '), wanted: wantedOf[plan.form] });
}
