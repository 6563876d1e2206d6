// The metrics against hand-computed numbers and scikit-learn's and SciPy's, and what they refuse.

import assert from 'node:assert/strict';
import type { Batch, Label } from '../../../src/engine/data/dataset';
import { createMetric, needsBaseline, usualMetric } from '../../../src/engine/data/metrics/createMetric';
import type { Metric, MetricContext, Outputs } from '../../../src/engine/data/metrics/metric';
import { scriptMetric } from '../../../src/engine/data/metrics/script';
import { EngineError } from '../../../src/engine/error';
import type { NdArray } from '../../../src/engine/ports';
import { metricNames } from '../../../src/engine/data/description';

const context: MetricContext = { file: 'data.json', split: 'test', labelled: true };

function floats(dims: readonly number[], ...data: readonly number[]): NdArray {
  return { type: 'float32', dims, data: Float32Array.from(data) };
}

function batchOf(labels: readonly Label[] | undefined, size = labels?.length ?? 0, inputs: Batch['inputs'] = {}): Batch {
  return { inputs, ...(labels === undefined ? {} : { labels }), start: 0, size, indices: Array.from({ length: size }, (_, index) => 10 + index) };
}

/** One class score a sample: the given class gets 1. */
function oneHot(classes: number, ...found: readonly number[]): Outputs {
  return { logits: floats([found.length, classes], ...found.flatMap((index) => Array.from({ length: classes }, (_, at) => Number(at === index)))) };
}

async function valueOf(metric: Metric, outputs: Outputs, batch: Batch, reference?: Outputs): Promise<number> {
  metric.add(outputs, batch, reference);
  return metric.value();
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'nothing was refused';
}

function close(found: number, wanted: number): void {
  assert.ok(Math.abs(found - wanted) < 1e-6, `${found} is not ${wanted}`);
}

describe('metrics', () => {
  it('every name of interfaces.md makes a metric of that name', () => {
    for (const name of metricNames) assert.equal(createMetric(name, context).name, name);
    assert.equal(code(() => createMetric('accuracy', context)), 'unknownMetric');
  });

  it('knows which way is better', () => {
    const worse = metricNames.filter((name) => !createMetric(name, context).higherIsBetter);
    assert.deepEqual(worse, ['mse', 'wer', 'perplexity']);
  });

  it('is refused without labels, by name', () => {
    const unlabelled = { ...context, labelled: false };
    const refusing = metricNames.filter((name) => code(() => createMetric(name, unlabelled)) === 'labelsMissing');
    assert.deepEqual(refusing, ['top1', 'top5', 'f1', 'r2', 'miou', 'map50', 'wer', 'spearman']);
    assert.deepEqual(metricNames.filter((name) => needsBaseline(name, false)), ['mse', 'psnr', 'cosine', 'agreement']);
  });
  it('is chosen by the output where nobody names one', () => {
    assert.deepEqual([[8, 10], ['N', 1], [1, 3, 4, 4], null].map((shape) => usualMetric(shape, true)), ['top1', 'mse', 'top1', 'top1']);
    assert.deepEqual([[8, 10], ['N', 1], [1, 3, 4, 4], null].map((shape) => usualMetric(shape, false)), ['agreement', 'mse', 'cosine', 'cosine']);
  });

  describe('top1 and top5', () => {
    it('counts right answers over batches and keeps them a sample', async () => {
      const metric = createMetric('top1', context);
      metric.add(oneHot(3, 0, 1), batchOf([0, 2]));
      close(await valueOf(metric, oneHot(3, 2), batchOf([2])), 2 / 3);
      assert.deepEqual([...metric.perSample() ?? []], [1, 0, 1]);
    });

    it('looks among the five best', async () => {
      const outputs = { p: floats([2, 6], 6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1) };
      close(await valueOf(createMetric('top5', context), outputs, batchOf([4, 5])), 0.5);
    });

    it('of equal scores the first counts, and NaN is never right', async () => {
      close(await valueOf(createMetric('top1', context), { p: floats([3, 2], 1, 1, 1, 1, NaN, NaN) }, batchOf([0, 1, 0])), 1 / 3);
    });

    it('takes one-hot labels and outputs of shape [n, c, 1, 1]', async () => {
      close(await valueOf(createMetric('top1', context), { p: floats([1, 2, 1, 1], 0, 1) }, batchOf([[0, 1]])), 1);
    });

    it('refuses a label out of range, saying which sample', () => {
      const metric = createMetric('top1', context);
      assert.throws(() => metric.add(oneHot(3, 0), batchOf([3])), (error: EngineError) =>
        error.code === 'labelOutOfRange' && /Sample 10 of data\.json has label 3, but the model tells 3 classes apart/.test(error.message));
      assert.equal(code(() => metric.add(oneHot(3, 0), batchOf(['cat']))), 'labelOutOfRange');
    });

    it('refuses outputs that are no class scores', () => {
      assert.equal(code(() => createMetric('top1', context).add({ y: floats([2, 1], 0.5, 1.2) }, batchOf([0, 1]))), 'metricOutputMismatch');
      assert.equal(code(() => createMetric('top1', context).add({ y: floats([2, 1], -3, 0.2) }, batchOf([0, 1]))), 'metricOutputMismatch');
    });

    it('take the probability behind a single Sigmoid: class 1 above 0.5', async () => {
      const outputs = { p: floats([5, 1], 0.9, 0.5, 0.1, 0.6, NaN) };
      close(await valueOf(createMetric('top1', context), outputs, batchOf([1, 0, 0, 0, 1])), 3 / 5);
      // Class 1: one right of two labelled and two predicted; class 0: two right of three labelled and two predicted.
      close(await valueOf(createMetric('f1', context), outputs, batchOf([[1], [0], [0], [0], [1]])), (2 / 4 + 4 / 5) / 2);
    });
  });

  it('f1 is the macro F1 of scikit-learn', async () => {
    close(await valueOf(createMetric('f1', context), oneHot(3, 0, 2, 2, 2, 1, 1, 0, 2), batchOf([0, 1, 2, 2, 1, 0, 2, 2])), 0.5833333333);
  });

  it('agreement compares the answers of two models', async () => {
    close(await valueOf(createMetric('agreement', context), oneHot(3, 0, 1, 2), batchOf(undefined, 3), oneHot(3, 0, 2, 2)), 2 / 3);
    assert.equal(code(() => createMetric('agreement', context).add(oneHot(3, 0), batchOf(undefined, 1))), 'baselineNeeded');
  });

  describe('numbers', () => {
    const found = { y: floats([4, 2], 1.5, 2.5, 2, 5, 2, 7, 4, 3) };
    const wanted = [[1, 2], [3, 5], [2, 8], [4, 1]];

    it('mse, r2 and cosine', async () => {
      close(await valueOf(createMetric('mse', context), found, batchOf(wanted)), (0.25 + 0.5 + 0.5 + 2) / 4);
      close(await valueOf(createMetric('r2', context), found, batchOf(wanted)), 0.7875);
      close(await valueOf(createMetric('cosine', context), { y: floats([2, 2], 1, 0, 1, 1) }, batchOf([[0, 1], [2, 2]])), 0.5);
    });

    it('psnr knows bytes from unit range, and a perfect image has an end', async () => {
      close(await valueOf(createMetric('psnr', context), { y: floats([1, 2], 0.1, 0.5) }, batchOf([[0, 0.5]])), 10 * Math.log10(1 / 0.005));
      const bytes: NdArray = { type: 'uint8', dims: [2], data: Uint8Array.of(10, 20) };
      close(await valueOf(createMetric('psnr', context), { y: floats([1, 2], 11, 21) }, batchOf([bytes])), 20 * Math.log10(255));
      close(await valueOf(createMetric('psnr', context), { y: floats([1, 1], 1) }, batchOf([[1]])), 100);
    });

    it('spearman as SciPy, ties and all', async () => {
      close(await valueOf(createMetric('spearman', context), { y: floats([6, 1], 1, 2, 2, 4, 5, 3) }, batchOf([2, 1, 4, 4, 6, 5])), 0.7794117647);
    });

    it('compares with the baseline where there are no labels', async () => {
      close(await valueOf(createMetric('mse', { ...context, labelled: false }), { y: floats([1, 2], 1, 2) }, batchOf(undefined, 1), { y: floats([1, 2], 1, 4) }), 2);
      assert.equal(code(() => createMetric('mse', { ...context, labelled: false }).add({ y: floats([1, 1], 1) }, batchOf(undefined, 1))), 'labelsMissing');
    });

    it('refuses a label of another size', () => {
      assert.equal(code(() => createMetric('mse', context).add(found, batchOf([[1], [2], [3], [4]]))), 'metricOutputMismatch');
    });
  });

  it('miou over classes that occur, void left out, scores in either layout', async () => {
    const mask: NdArray = { type: 'uint8', dims: [2, 2], data: Uint8Array.of(0, 1, 1, 255) };
    // Found classes: 0, 1, 0, 1; class 0: 1 of 2, class 1: 1 of 2.
    const chw = { y: floats([1, 2, 2, 2], 1, 0, 1, 0, 0, 1, 0, 1) };
    const hwc = { y: floats([1, 2, 2, 2], 1, 0, 0, 1, 1, 0, 0, 1) };
    close(await valueOf(createMetric('miou', context), chw, batchOf([mask])), 0.5);
    close(await valueOf(createMetric('miou', context), { y: { type: 'int64', dims: [1, 2, 2], data: BigInt64Array.of(0n, 1n, 0n, 1n) } }, batchOf([mask])), 0.5);
    const wide = { y: floats([1, 2, 2, 3], ...Array.from(hwc.y.data, Number).flatMap((value, index) => (index % 2 === 1 ? [value, 0] : [value]))) };
    close(await valueOf(createMetric('miou', context), wide, batchOf([mask])), 0.5);
  });

  it('map50 by falling score, each labelled box once', async () => {
    const outputs = { boxes: floats([1, 4, 6], 0, 0, 10, 10, 0.9, 0, 0, 0, 10, 9, 0.8, 0, 20, 20, 30, 30, 0.7, 0, 0, 0, 0, 0, 0, 0) };
    // Two labelled boxes; found: hit, duplicate, hit: precision 1 up to recall 0.5, then 2/3.
    const label = [[0, 0, 0, 10, 10, 0, 20, 20, 30, 30]];
    close(await valueOf(createMetric('map50', context), outputs, batchOf(label)), (51 + 50 * (2 / 3)) / 101);
    assert.equal(code(() => createMetric('map50', context).add(outputs, batchOf([[0, 1]]))), 'dataUnreadable');
    assert.equal(code(() => createMetric('map50', context).add(oneHot(3, 0), batchOf(label))), 'metricOutputMismatch');
  });

  it('wer of texts and of CTC scores', async () => {
    const texts: Outputs = { text: { type: 'string', dims: [2], data: ['the cat sat', 'a'] } };
    close(await valueOf(createMetric('wer', context), texts, batchOf(['the cat sat down', 'b'])), 2 / 5);
    const classes = ['<blank>', 'a', '|'];
    const path = [1, 1, 0, 1, 2, 1];
    const scores = { y: floats([1, 6, 3], ...path.flatMap((index) => [0, 1, 2].map((at) => Number(at === index)))) };
    close(await valueOf(createMetric('wer', { ...context, classes }), scores, batchOf(['aa a'])), 0);
  });

  it('perplexity of the next token, padding left out', async () => {
    const inputs = {
      input_ids: { type: 'int64', dims: [1, 4], data: BigInt64Array.of(0n, 2n, 1n, 0n) }, attention_mask: { type: 'int64', dims: [1, 4], data: BigInt64Array.of(1n, 1n, 1n, 0n) },
    } as const;
    const logits = { y: floats([1, 4, 3], 1, 2, 0, 0, 0, 3, 1, 1, 1, 5, 5, 5) };
    close(await valueOf(createMetric('perplexity', { ...context, labelled: false }), logits, batchOf(undefined, 1, inputs)), 15.6624238837);
    // With labels every position predicts its own; -100 counts for nothing.
    close(await valueOf(createMetric('perplexity', context), logits, batchOf([[2, 1, -100, -100]], 1, inputs)), 15.6624238837);
  });

  describe('scripts', () => {
    it('are refused unless trusted', () => {
      const scripts = { run: () => Promise.reject(new Error('it ran')) };
      assert.equal(code(() => scriptMetric('./m.mjs', '/d', scripts, false)), 'untrustedScript');
    });

    it('get one JSON line a sample', async () => {
      const lines: string[] = [];
      const metric = scriptMetric('./m.mjs', '/d', {
        async run(spec, base, given) {
          assert.deepEqual([spec, base], ['./m.mjs', '/d']);
          for await (const line of given) lines.push(line);
          return 0.25;
        },
      }, true);
      assert.equal(await valueOf(metric, { y: floats([2, 2], 1, 2, 3, 4) }, batchOf([1, 'b'])), 0.25);
      assert.deepEqual(lines.map((line) => JSON.parse(line) as unknown), [
        { index: 10, label: 1, prediction: { y: [1, 2] } },
        { index: 11, label: 'b', prediction: { y: [3, 4] } },
      ]);
    });
  });
});
