// Which weights become zero, by score: the smallest ones, exactly as many as asked for. Of equal scores the first go.

import type { Zeros } from './options';

/** Bounds the smallest scores: all below `threshold`, and the first `ties` of those equal to it. */
export interface Cut {
  readonly threshold: number;
  ties: number;
}

/** The cut below which `count` of the scores are; scores are not negative, NaN counts as largest. Sorts `scores`. */
export function cutOf(scores: Float32Array, count: number): Cut {
  if (count <= 0) return { threshold: 0, ties: 0 };
  scores.sort();
  const threshold = scores[Math.min(count, scores.length) - 1] ?? 0;
  let below = Math.min(count, scores.length) - 1;
  while (below > 0 && scores[below - 1] === threshold) below -= 1;
  return { threshold, ties: count - below };
}

/** Marks (1) what is below the cut, and uses up its ties. */
export function markBelow(scores: Float32Array, cut: Cut, marks: Uint8Array = new Uint8Array(scores.length), offset = 0): Uint8Array {
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] as number;
    if (score < cut.threshold) marks[offset + index] = 1;
    else if (score === cut.threshold && cut.ties > 0) {
      cut.ties -= 1;
      marks[offset + index] = 1;
    }
  }
  return marks;
}

/** Hands out a share of many parts so that the whole is exact: how many of the next `size` are zero. */
export function quota(share: number): (size: number) => number {
  let seen = 0;
  let given = 0;
  return (size) => {
    seen += size;
    const next = Math.round(share * seen) - given;
    given += next;
    return next;
  };
}

/** Marks of a matrix whose rows are compared each for itself (`perRow`) or all together; patterns go by neighbours in a row. */
export function markSmallest(scores: Float32Array, columns: number, zeros: Zeros, perRow: boolean): Uint8Array {
  const marks = new Uint8Array(scores.length);
  const part = zeros.kind === 'pattern' ? zeros.group : perRow ? columns : scores.length;
  const next = zeros.kind === 'pattern' ? () => zeros.zeros : quota(zeros.share);
  for (let start = 0; start < scores.length; start += part) {
    const own = scores.subarray(start, start + part);
    markBelow(own, cutOf(own.slice(), next(own.length)), marks, start);
  }
  return marks;
}
