// Metrics of texts: word error rate of recognisers and perplexity of language models.

import { EngineError } from '../../error';
import { isFloat, isInteger } from '../../ir/dataTypes';
import type { NdArray } from '../../ports';
import type { Batch } from '../dataset';
import { numberAt } from '../preprocess/cast';
import { type Metric, type MetricContext, type Outputs, corpusMetric } from './metric';
import { labelNumbers, labelOf, outputMismatch } from './readOutputs';

type Ratio = readonly [top: number, bottom: number];

function sumRatio(rows: readonly Ratio[], counts: Uint32Array): number {
  let top = 0;
  let bottom = 0;
  for (const [index, row] of rows.entries()) {
    top += row[0] * (counts[index] ?? 0);
    bottom += row[1] * (counts[index] ?? 0);
  }
  return top / bottom;
}

// ── word error rate ──────────────────────────────────────────────────────────────────────────────────────────────

/** Substituted, missing and added words over the words of the labels, summed over the corpus. */
export function wordErrorRate(context: MetricContext): Metric {
  return corpusMetric<Ratio>({
    name: 'wer',
    higherIsBetter: false,
    rows(outputs, batch) {
      const texts = textsOf(outputs, batch, context);
      return Array.from({ length: batch.size }, (_, sample): Ratio => {
        const label = labelOf(batch, sample);
        if (typeof label !== 'string') throw outputMismatch(outputs, 'wer', 'wanted.label', { index: batch.indices[sample] ?? sample, found: 'no text' });
        const wanted = wordsOf(label);
        return [editDistance(wordsOf(texts(sample)), wanted), wanted.length];
      });
    },
    combine: sumRatio,
  });
}

/** Names that vocabularies give the blank of CTC; the first class stands in where none is there. */
const blanks = ['', '<blank>', '[blank]', '<pad>', '[PAD]', '_'];
/** What wav2vec 2.0's vocabularies write for a space. */
const SPACE = '|';

/** Texts as the model gives them, or scores over characters decoded greedily (CTC, Graves 2006: repeats merged, blanks dropped). */
function textsOf(outputs: Outputs, batch: Batch, context: MetricContext): (sample: number) => string {
  for (const array of Object.values(outputs)) {
    if (array.type === 'string' && array.dims[0] === batch.size) return (sample) => String(array.data[sample]);
    const [, steps = 0, characters = 0] = array.dims;
    const { classes } = context;
    if (!isFloat(array.type) || array.dims.length !== 3 || array.dims[0] !== batch.size || classes?.length !== characters) continue;
    const blank = Math.max(0, classes.findIndex((name) => blanks.includes(name)));
    return (sample) => {
      const path = Array.from({ length: steps }, (_, step) => highest(array, (sample * steps + step) * characters, characters));
      return path.filter((index, step) => index !== blank && index !== path[step - 1]).map((index) => (classes[index] === SPACE ? ' ' : classes[index] ?? '')).join('');
    };
  }
  throw outputMismatch(outputs, 'wer', 'wanted.texts');
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Levenshtein distance over words. */
export function editDistance(from: readonly string[], to: readonly string[]): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, word] of from.entries()) {
    const current = [row + 1];
    for (const [column, other] of to.entries()) {
      const replaced = (previous[column] as number) + (word === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] as number) + 1, (current[column] as number) + 1));
    }
    previous = current;
  }
  return previous[to.length] as number;
}

// ── perplexity ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Labels that count for nothing, PyTorch's `ignore_index`. */
const IGNORED = -100;

/**
 * exp of the mean negative log-likelihood a token over the corpus. With labels each position predicts its label; without,
 * each predicts the next of `input_ids`, where the attention mask says both are there.
 */
export function perplexity(): Metric {
  return corpusMetric<Ratio>({
    name: 'perplexity',
    higherIsBetter: false,
    scale: 'number',
    rows: losses,
    combine: (rows, counts) => Math.exp(sumRatio(rows, counts)),
  });
}

/** Summed negative log-likelihood (nats) and tokens of each sample. */
function losses(outputs: Outputs, batch: Batch): readonly Ratio[] {
  const scores = Object.values(outputs).find((array) => isFloat(array.type) && array.dims.length === 3 && array.dims[0] === batch.size);
  if (scores === undefined) throw outputMismatch(outputs, 'perplexity', 'wanted.tokenScores');
  const [, tokens = 0, vocabulary = 0] = scores.dims;
  const targets = targetsOf(outputs, batch, tokens);
  return Array.from({ length: batch.size }, (_, sample): Ratio => {
    let loss = 0;
    let count = 0;
    for (let token = 0; token < tokens; token += 1) {
      const target = targets(sample, token);
      if (target === undefined) continue;
      if (target < 0 || target >= vocabulary) {
        throw new EngineError('labelOutOfRange', { index: batch.indices[sample] ?? sample, file: 'input_ids', label: target, classes: vocabulary });
      }
      loss += negativeLogLikelihood(scores, (sample * tokens + token) * vocabulary, vocabulary, target);
      count += 1;
    }
    return [loss, count];
  });
}

/** The token that each position should predict; undefined where it counts for nothing. */
function targetsOf(outputs: Outputs, batch: Batch, tokens: number): (sample: number, token: number) => number | undefined {
  if (batch.labels !== undefined) {
    return (sample, token) => {
      const target = labelNumbers(labelOf(batch, sample))?.[token];
      return target === IGNORED ? undefined : target;
    };
  }
  const ids = batch.inputs['input_ids'] ?? Object.values(batch.inputs).find((array) => isInteger(array.type));
  if (ids?.dims.at(-1) !== tokens) throw outputMismatch(outputs, 'perplexity', 'wanted.tokenScores');
  const at = numberAt(ids);
  const mask = batch.inputs['attention_mask'];
  const there = mask === undefined ? () => 1 : numberAt(mask);
  return (sample, token) => {
    const next = sample * tokens + token + 1;
    return token + 1 < tokens && there(next - 1) !== 0 && there(next) !== 0 ? at(next) : undefined;
  };
}

/** -log softmax(scores)[target], with the highest score taken off first so that nothing overflows. */
function negativeLogLikelihood(scores: NdArray, start: number, count: number, target: number): number {
  const at = numberAt(scores);
  const most = at(start + highest(scores, start, count));
  let sum = 0;
  for (let index = 0; index < count; index += 1) sum += Math.exp(at(start + index) - most);
  return Math.log(sum) + most - at(start + target);
}

function highest(array: NdArray, start: number, count: number): number {
  const at = numberAt(array);
  let best = 0;
  for (let index = 1; index < count; index += 1) if (at(start + index) > at(start + best)) best = index;
  return best;
}
