// Every loss and its gradient against a few lines of float64: the logits themselves are the parameter.

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { EngineError } from '../../../../src/engine/error';
import { elementCount } from '../../../../src/engine/ir/model';
import type { NdArray } from '../../../../src/engine/ports';
import { seededRandom } from '../../../../src/engine/random';
import type { LabelForm, LossTerm } from '../../../../src/engine/train/losses/loss';
import { optimiserOf } from '../../../../src/engine/train/optimisers/table';
import type { TrainableModel, TrainableOutput } from '../../../../src/engine/train/trainable';
import { buildTrainingGraph } from '../../../../src/engine/train/trainingGraph';
import { gradientInput, LABELS, nextOutput, ONE_HOT, REPORT, stateInput, teacherInput, weightInput } from '../../../../src/engine/train/trainingNames';
import { assertClose } from '../../../support/gradientCheck';
import { testRuntime } from '../../../support/passContext';

interface LossCase {
  readonly terms: readonly LossTerm[];
  readonly dims: readonly number[];
  readonly activation?: TrainableOutput['activation'];
  readonly form?: LabelForm;
  readonly logits: Float32Array;
  readonly labels?: Float32Array;
  readonly oneHot?: Float32Array;
  readonly teacher?: Float32Array;
  readonly teacherDims?: readonly number[];
  readonly weights?: readonly number[];
}

/** Softmax along axis 1 as the tests' outputs have it. */
async function runLoss(test: LossCase): Promise<{ readonly report: number[]; readonly gradient: Float32Array }> {
  const { dims, activation = 'none', logits } = test;
  const model = makeModel(makeGraph({
    nodes: [makeNode('Identity', ['logits'], ['y'])], inputs: [], outputs: [makeValue('y', 'float32', dims)],
    initializers: [tensorFrom('logits', { type: 'float32', dims, data: logits })],
  }));
  const trainable: TrainableModel = {
    model, batch: dims[0] ?? 1, parameters: [{ name: 'logits', dims, decay: true, node: 'y' }], statistics: [],
    outputs: [{ name: 'y', logits: 'y', activation, axis: 1, dims }],
  };
  const teacherOutput: TrainableOutput = { name: 't', logits: 't', activation, axis: 1, dims: test.teacherDims ?? dims };
  const graph = await buildTrainingGraph({
    trainable, terms: test.terms, labelForm: test.form, kind: 'gradients', clip: 0, ema: false,
    optimiser: optimiserOf({ optimizer: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 }),
    teacher: test.teacher === undefined ? undefined : { outputs: [teacherOutput], facts: (tensor) => (tensor === 't' ? { type: 'float32', shape: teacherOutput.dims } : undefined) },
  });
  const array = (data: Float32Array, shape: readonly number[] = dims): NdArray => ({ type: 'float32', dims: shape, data });
  const session = await testRuntime.createSession(graph.model, { threads: 1 });
  const feeds: Record<string, NdArray> = {
    [stateInput('decayed')]: array(logits, [logits.length]), [gradientInput('decayed')]: array(new Float32Array(logits.length), [logits.length]),
    ...(graph.labels.soft && { [LABELS]: array(test.labels ?? new Float32Array(0)) }),
    ...(graph.labels.hard && { [ONE_HOT]: array(test.oneHot ?? new Float32Array(0)) }),
    ...(graph.teacherTensors.length > 0 && { [teacherInput('t')]: array(test.teacher ?? new Float32Array(0)) }),
  };
  graph.terms.forEach(({ weightInput: input }, index) => {
    if (input !== undefined) feeds[weightInput(index)] = { type: 'float32', dims: [], data: Float32Array.of(test.weights?.[index] ?? 1) };
  });
  const results = await session.run(feeds);
  await session.release();
  return { report: Array.from(results[REPORT]?.data as Float32Array), gradient: results[nextOutput('gradient/decayed')]?.data as Float32Array };
}

async function check(test: LossCase, reference: (logits: Float64Array) => number): Promise<void> {
  const { report, gradient } = await runLoss(test);
  const logits = Float64Array.from(test.logits);
  const expected = reference(logits);
  assert.ok(Math.abs((report[0] ?? NaN) - expected) <= 1e-5 * (1 + Math.abs(expected)), `loss ${report[0]} instead of ${expected}`);
  const slopes = logits.map((_, at) => {
    const moved = (by: number): number => reference(logits.map((value, index) => (index === at ? value + by : value)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
  assertClose(slopes, gradient, 1e-5, 'gradient');
}

function draw(dims: readonly number[], seed: number, scale = 3): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: elementCount(dims) }, () => (2 * random() - 1) * scale);
}

/** Log-probabilities of row `row` of an [n, classes] array. */
function logSoftmax(values: ArrayLike<number>, row: number, classes: number, temperature = 1): number[] {
  const scores = Array.from({ length: classes }, (_, index) => (values[row * classes + index] as number) / temperature);
  const most = Math.max(...scores);
  const log = most + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
  return scores.map((score) => score - log);
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const dims = [4, 5];
const rows = [0, 1, 2, 3];
const oneHot = Float32Array.from({ length: 20 }, (_, at) => Number(at % 5 === (Math.floor(at / 5) * 2) % 5));

describe('losses', () => {
  it('label: cross-entropy with any target distribution', async () => {
    const labels = oneHot.map((value) => value * 0.9 + 0.02);
    await check({ terms: [{ loss: 'label' }], dims, form: 'classes', logits: draw(dims, 1), labels }, (logits) =>
      total(rows.map((row) => -total(logSoftmax(logits, row, 5).map((log, at) => log * (labels[row * 5 + at] as number))))) / 4);
  });

  it('label: logits of hundreds neither overflow nor lose the gradient', async () => {
    const logits = draw(dims, 2, 300);
    const { report, gradient } = await runLoss({ terms: [{ loss: 'label' }], dims, form: 'classes', logits, labels: oneHot });
    assert.ok(report.every(Number.isFinite));
    assert.ok(gradient.every(Number.isFinite) && gradient.some((value) => Math.abs(value) > 0.2));
  });

  it('label: classes of pixels along axis 1', async () => {
    const shape = [2, 3, 2, 2];
    const target = (sample: number, pixel: number): number => (sample + pixel) % 3;
    const labels = Float32Array.from({ length: 24 }, (_, at) => Number(target(Math.floor(at / 12), at % 4) === Math.floor(at / 4) % 3));
    await check({ terms: [{ loss: 'label' }], dims: shape, form: 'classes', logits: draw(shape, 3), labels }, (logits) => {
      let sum = 0;
      for (let sample = 0; sample < 2; sample += 1) for (let pixel = 0; pixel < 4; pixel += 1) {
        const scores = [0, 1, 2].map((index) => logits[sample * 12 + index * 4 + pixel] as number);
        sum -= logSoftmax(scores, 0, 3)[target(sample, pixel)] as number;
      }
      return sum / 8;
    });
  });

  it('label: binary cross-entropy behind a Sigmoid', async () => {
    const labels = draw(dims, 4, 0.5).map((value) => value + 0.5);
    await check({ terms: [{ loss: 'label' }], dims, activation: 'sigmoid', form: 'binary', logits: draw(dims, 5), labels }, (logits) =>
      total(Array.from(logits, (x, at) => Math.log1p(Math.exp(x)) - (labels[at] as number) * x)) / 20);
    const extreme = await runLoss({ terms: [{ loss: 'label' }], dims, activation: 'sigmoid', form: 'binary', logits: draw(dims, 5, 500), labels });
    assert.ok(Number.isFinite(extreme.report[0]) && extreme.gradient.every(Number.isFinite));
  });

  it('label: squared error for values', async () => {
    const labels = draw(dims, 6);
    await check({ terms: [{ loss: 'label' }], dims, form: 'values', logits: draw(dims, 7), labels }, (logits) =>
      total(Array.from(logits, (x, at) => (x - (labels[at] as number)) ** 2)) / 20);
  });

  it('kl: softened, scaled by the squared temperature, mean over samples', async () => {
    const teacher = draw(dims, 8);
    await check({ terms: [{ loss: 'kl', options: { temperature: 3 } }], dims, logits: draw(dims, 9), teacher }, (logits) =>
      9 * total(rows.map((row) => {
        const theirs = logSoftmax(teacher, row, 5, 3);
        return total(logSoftmax(logits, row, 5, 3).map((log, at) => Math.exp(theirs[at] as number) * ((theirs[at] as number) - log)));
      })) / 4);
  });

  it('kl: between Bernoulli distributions behind a Sigmoid', async () => {
    const [shape, teacher] = [[3, 1], draw([3, 1], 10)];
    const log = (x: number): readonly [number, number] => [-Math.log1p(Math.exp(-x)), -Math.log1p(Math.exp(x))];
    await check({ terms: [{ loss: 'kl', options: { temperature: 2 } }], dims: shape, activation: 'sigmoid', logits: draw(shape, 11), teacher }, (logits) =>
      4 * total([0, 1, 2].map((row) => {
        const [theirs, ours] = [log((teacher[row] as number) / 2), log((logits[row] as number) / 2)];
        return total([0, 1].map((at) => Math.exp(theirs[at] as number) * ((theirs[at] as number) - (ours[at] as number))));
      })) / 3);
  });

  it('kl is zero, with no gradient, when student and teacher agree', async () => {
    const logits = draw(dims, 12);
    const { report, gradient } = await runLoss({ terms: [{ loss: 'kl' }], dims, logits, teacher: logits });
    assert.ok(Math.abs(report[0] ?? NaN) < 1e-6);
    assert.ok(gradient.every((value) => Math.abs(value) < 1e-6));
  });

  it('decoupled: the labelled class and the others apart, as its authors compute it', async () => {
    const [teacher, temperature, alpha, beta] = [draw(dims, 13), 4, 1, 8];
    await check({ terms: [{ loss: 'decoupled' }], dims, form: 'classes', logits: draw(dims, 14), teacher, oneHot, labels: oneHot }, (logits) => {
      const divergence = (p: readonly number[], q: readonly number[]): number => total(p.map((value, at) => (value === 0 ? 0 : value * Math.log(value / (q[at] as number)))));
      return temperature ** 2 * total(rows.map((row) => {
        const label = (row * 2) % 5;
        const split = (values: ArrayLike<number>): { readonly binary: number[]; readonly others: number[] } => {
          const probabilities = logSoftmax(values, row, 5, temperature).map(Math.exp);
          const rest = probabilities.filter((_, at) => at !== label);
          return { binary: [probabilities[label] as number, total(rest)], others: rest.map((value) => value / total(rest)) };
        };
        const [theirs, ours] = [split(teacher), split(logits)];
        return alpha * divergence(theirs.binary, ours.binary) + beta * divergence(theirs.others, ours.others);
      })) / 4;
    });
  });

  describe('with ignored positions, one row a pixel', () => {
    // [1, 3, 1, 4]: pixels 1 and 3 have no label. What counts are the columns of pixels 0 and 2.
    const shape = [1, 3, 1, 4];
    const labels = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
    const valid = [0, 2];
    const logsAt = (values: ArrayLike<number>, pixel: number, temperature = 1): number[] =>
      logSoftmax([0, 1, 2].map((index) => values[index * 4 + pixel] as number), 0, 3, temperature);
    const divergence = (teacher: ArrayLike<number>, logits: ArrayLike<number>, pixels: readonly number[]): number => 16 * total(pixels.map((pixel) => {
      const theirs = logsAt(teacher, pixel, 4);
      return total(logsAt(logits, pixel, 4).map((log, at) => Math.exp(theirs[at] as number) * ((theirs[at] as number) - log)));
    })) / pixels.length;
    const base = { dims: shape, form: 'classes', logits: draw(shape, 31), teacher: draw(shape, 32), labels, oneHot: labels } as const;
    const crossEntropy = (logits: ArrayLike<number>): number => -((logsAt(logits, 0)[0] as number) + (logsAt(logits, 2)[2] as number)) / 2;

    it('label: the mean over those that have a label', () => check({ ...base, terms: [{ loss: 'label' }] }, crossEntropy));

    it('label: a batch without any label has a loss of 0 and no gradient', async () => {
      const { report, gradient } = await runLoss({ ...base, terms: [{ loss: 'label' }], labels: new Float32Array(12) });
      assert.equal(Math.abs(report[0] ?? NaN), 0);
      assert.ok(gradient.every((value) => Math.abs(value) === 0));
    });

    it('kl: leaves them out beside a loss that reads labels, and looks at no labels alone', async () => {
      await check({ ...base, terms: [{ loss: 'kl' }] }, (logits) => divergence(base.teacher, logits, [0, 1, 2, 3]));
      await check({ ...base, terms: [{ loss: 'kl' }, { loss: 'label' }] }, (logits) => divergence(base.teacher, logits, valid) + crossEntropy(logits));
    });

    it('decoupled: what lies there changes nothing', async () => {
      const moved = (values: Float32Array): Float32Array => values.map((value, at) => (at % 2 === 1 ? value + at : value));
      const terms = [{ loss: 'decoupled' }] as const;
      const [one, other] = [await runLoss({ ...base, terms }), await runLoss({ ...base, terms, logits: moved(base.logits) })];
      assert.ok(Math.abs((one.report[0] ?? NaN) - (other.report[0] ?? NaN)) < 1e-6 && (one.report[0] ?? 0) > 0.01, `${one.report[0]}, ${other.report[0]}`);
      assert.ok(one.gradient.every((value, at) => at % 2 === 0 || value === 0));
    });
  });

  it('outputs: squared error to the output of the teacher', async () => {
    const teacher = draw(dims, 33);
    await check({ terms: [{ loss: 'outputs' }], dims, logits: draw(dims, 34), teacher }, (logits) =>
      total(Array.from(logits, (x, at) => (x - (teacher[at] as number)) ** 2)) / 20);
  });

  it('are summed by weights, fixed or fed, and reported one by one', async () => {
    const base = { dims, form: 'classes', logits: draw(dims, 15), teacher: draw(dims, 16), labels: oneHot } as const;
    const [label, kl] = [await runLoss({ ...base, terms: [{ loss: 'label' }] }), await runLoss({ ...base, terms: [{ loss: 'kl' }] })];
    const both = await runLoss({ ...base, terms: [{ loss: 'label', weight: 0.3 }, { loss: 'kl', weight: () => 0 }], weights: [0, 0.7] });
    const expected = [0.3 * (label.report[0] ?? NaN) + 0.7 * (kl.report[0] ?? NaN), label.report[0], kl.report[0]];
    both.report.forEach((value, at) => { assert.ok(Math.abs(value - (expected[at] ?? NaN)) < 1e-5, `${at}: ${value}`); });
    assertClose(Float64Array.from(label.gradient, (value, at) => 0.3 * value + 0.7 * (kl.gradient[at] as number)), both.gradient, 1e-6, 'gradient');
  });
});

describe('losses that do not fit', () => {
  const refused = async (test: LossCase, code: string): Promise<void> => {
    await assert.rejects(runLoss(test), (error) => error instanceof EngineError && error.code === code);
  };
  const logits = draw(dims, 17);

  it('names a loss nobody knows', () => refused({ terms: [{ loss: 'hinge' }], dims, form: 'classes', logits, labels: oneHot }, 'unknownLoss'));
  it('wants a teacher', () => refused({ terms: [{ loss: 'kl' }], dims, logits }, 'lossNeedsTeacher'));
  it('wants a teacher of the same shape', () => refused({ terms: [{ loss: 'kl' }], dims, logits, teacher: draw([4, 3], 18), teacherDims: [4, 3] }, 'teacherShape'));
  it('wants a distribution', () => refused({ terms: [{ loss: 'kl' }], dims: [4, 1], logits: draw([4, 1], 19), teacher: draw([4, 1], 20) }, 'lossUnfit'));
  it('is not taken in by several outputs whose labels are numbers', () =>
    refused({ terms: [{ loss: 'kl' }], form: 'values', dims: [4, 3], logits: draw([4, 3], 21), teacher: draw([4, 3], 22) }, 'lossUnfit'));
});
