// Mean average precision at an overlap of 0.5 of object detectors whose boxes are final (after non-maximum suppression).

import { EngineError } from '../../error';
import type { Batch } from '../dataset';
import { numberAt } from '../preprocess/cast';
import { quoted } from '../schemaCheck';
import { type Metric, type MetricContext, type Outputs, corpusMetric } from './metric';
import { labelNumbers, labelOf, outputMismatch } from './readOutputs';

const OVERLAP = 0.5;
/** Recall levels of the interpolated precision: 0, 0.01, ..., 1, as COCO. */
const LEVELS = 101;
/** Numbers of a labelled box: class, x1, y1, x2, y2. */
const LABEL_BOX = 5;
/** Numbers of a found box: x1, y1, x2, y2, score, class. */
const FOUND_BOX = 6;

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

interface Detections {
  /** Labelled boxes of each class. */
  readonly wanted: ReadonlyMap<number, number>;
  /** Found boxes with whether each is the best match of a labelled box. */
  readonly found: readonly { readonly score: number; readonly kind: number; readonly right: boolean }[];
}

/** Precision interpolated at 101 levels of recall (Lin et al. 2014, COCO), averaged over the classes that are labelled. */
export function meanAveragePrecision(context: MetricContext): Metric {
  return corpusMetric<Detections>({
    name: 'map50',
    higherIsBetter: true,
    rows(outputs, batch) {
      const boxes = boxesOf(outputs, batch);
      return Array.from({ length: batch.size }, (_, sample) => matched(boxes(sample), labelledBoxes(batch, sample, context)));
    },
    combine(rows, counts) {
      const kinds = new Set(rows.flatMap((row, index) => ((counts[index] ?? 0) > 0 ? [...row.wanted.keys()] : [])));
      let sum = 0;
      for (const kind of kinds) sum += averagePrecision(rows, counts, kind);
      return sum / kinds.size;
    },
  });
}

function averagePrecision(rows: readonly Detections[], counts: Uint32Array, kind: number): number {
  let wanted = 0;
  const found: { readonly score: number; readonly right: boolean; readonly count: number }[] = [];
  for (const [index, row] of rows.entries()) {
    const count = counts[index] ?? 0;
    wanted += count * (row.wanted.get(kind) ?? 0);
    for (const box of row.found) if (box.kind === kind && count > 0) found.push({ score: box.score, right: box.right, count });
  }
  found.sort((a, b) => b.score - a.score);
  // Precision at each recall level is the best precision at that recall or beyond it.
  const precision = new Float64Array(LEVELS);
  let right = 0;
  let all = 0;
  for (const { right: hit, count } of found) {
    all += count;
    right += hit ? count : 0;
    const level = Math.floor((right / wanted) * (LEVELS - 1) + 1e-9);
    precision[level] = Math.max(precision[level] ?? 0, right / all);
  }
  let best = 0;
  let sum = 0;
  for (let level = LEVELS - 1; level >= 0; level -= 1) {
    best = Math.max(best, precision[level] ?? 0);
    sum += best;
  }
  return sum / LEVELS;
}

interface FoundBox {
  readonly box: Box;
  readonly score: number;
  readonly kind: number;
}

/** Found boxes by falling score; each takes the labelled box of its class it overlaps most that no better one has. */
function matched(found: readonly FoundBox[], labelled: readonly { readonly box: Box; readonly kind: number }[]): Detections {
  const taken = new Set<number>();
  const ordered = [...found].sort((a, b) => b.score - a.score).map(({ box, score, kind }) => {
    let best = -1;
    let most = OVERLAP;
    for (const [index, label] of labelled.entries()) {
      const overlap = label.kind === kind && !taken.has(index) ? overlapOf(box, label.box) : 0;
      if (overlap >= most) {
        best = index;
        most = overlap;
      }
    }
    if (best >= 0) taken.add(best);
    return { score, kind, right: best >= 0 };
  });
  const wanted = new Map<number, number>();
  for (const { kind } of labelled) wanted.set(kind, (wanted.get(kind) ?? 0) + 1);
  return { wanted, found: ordered };
}

function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

/** Rows `x1, y1, x2, y2, score, class` in one output [n, boxes, 6], or outputs named boxes, scores and labels. Score 0 is padding. */
function boxesOf(outputs: Outputs, batch: Batch): (sample: number) => readonly FoundBox[] {
  const rows = Object.values(outputs).find(({ dims }) => dims.length === 3 && dims[0] === batch.size && dims[2] === FOUND_BOX);
  if (rows !== undefined) {
    const at = numberAt(rows);
    const count = rows.dims[1] ?? 0;
    return (sample) => boxes(count, (index, field) => at((sample * count + index) * FOUND_BOX + field));
  }
  const { boxes: corners, scores, labels } = outputs;
  if (corners === undefined || scores === undefined || labels === undefined) throw outputMismatch(outputs, 'map50', 'wanted.boxes');
  const count = corners.data.length / 4 / batch.size;
  const [box, score, label] = [numberAt(corners), numberAt(scores), numberAt(labels)];
  return (sample) => boxes(count, (index, field) => {
    const at = sample * count + index;
    return field < 4 ? box(at * 4 + field) : field === 4 ? score(at) : label(at);
  });
}

function boxes(count: number, field: (index: number, field: number) => number): readonly FoundBox[] {
  return Array.from({ length: count }, (_, index): FoundBox => ({
    box: [field(index, 0), field(index, 1), field(index, 2), field(index, 3)], score: field(index, 4), kind: field(index, 5),
  })).filter(({ score }) => score > 0);
}

function labelledBoxes(batch: Batch, sample: number, context: MetricContext): readonly { readonly box: Box; readonly kind: number }[] {
  const numbers = labelNumbers(labelOf(batch, sample));
  if (numbers === undefined || numbers.length % LABEL_BOX !== 0) {
    throw new EngineError('dataUnreadable', {
      file: context.file, format: 'boxes', reason: `sample ${batch.indices[sample] ?? sample}: ${quoted(numbers ?? labelOf(batch, sample))} is not a list of class, x1, y1, x2, y2`,
    });
  }
  return Array.from({ length: numbers.length / LABEL_BOX }, (_, index) => {
    const [kind = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbers.slice(index * LABEL_BOX);
    return { kind, box: [x1, y1, x2, y2] as const };
  });
}
