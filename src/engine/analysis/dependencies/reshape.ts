// Which axes of a reshaped tensor come from which: runs of axes with equal products, and the common factors inside.

import type { Dim } from '../../ir/model';

export interface Run {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Sizes of which every axis of both sides is a product of neighbours; undefined where there are none. */
  readonly factors: readonly number[] | undefined;
}

/**
 * Runs in order; undefined where open sizes hide which belong together. Axes of size 1 in between may be in no run.
 */
export function matchDims(before: readonly Dim[], after: readonly Dim[]): readonly Run[] | undefined {
  const open = (dims: readonly Dim[]): readonly number[] => dims.flatMap((dim, axis) => (typeof dim === 'number' ? [] : [axis]));
  const [left, right] = [open(before), open(after)];
  if (left.length !== right.length) return undefined;
  const runs: Run[] = [];
  let [fromInput, fromOutput] = [0, 0];
  // Equal sizes before and after an open one make the open ones equal, too, when all others are.
  const ends = [...left.map((axis, index) => [axis, right[index] ?? 0] as const), [before.length, after.length] as const];
  for (const [index, [toInput, toOutput]] of ends.entries()) {
    const part = matchNumbers(before, after, [fromInput, toInput], [fromOutput, toOutput]);
    if (part === undefined) return undefined;
    // Several open sizes may trade factors with each other, unless they have one name: across numbers that would shift these.
    const traded = left.slice(0, index).some((axis, at) => before[axis] !== after[right[at] ?? 0] || before[axis] === null);
    if (part.length > 0 && traded && index < left.length) return undefined;
    runs.push(...part);
    if (toInput < before.length) {
      runs.push({ inputs: [toInput], outputs: [toOutput], factors: [] });
    }
    [fromInput, fromOutput] = [toInput + 1, toOutput + 1];
  }
  return runs;
}

function matchNumbers(before: readonly Dim[], after: readonly Dim[], [i, iEnd]: readonly [number, number], [o, oEnd]: readonly [number, number]): readonly Run[] | undefined {
  const size = (dims: readonly Dim[], axis: number): number => Number(dims[axis] ?? 1);
  const runs: Run[] = [];
  let [input, output] = [i, o];
  while (input < iEnd || output < oEnd) {
    const [firstInput, firstOutput] = [input, output];
    let left = input < iEnd ? size(before, input++) : 1;
    let right = output < oEnd ? size(after, output++) : 1;
    while (left !== right) {
      if (left < right && input < iEnd) left *= size(before, input++);
      else if (right < left && output < oEnd) right *= size(after, output++);
      else return undefined;
    }
    const inputs = range(firstInput, input);
    const outputs = range(firstOutput, output);
    runs.push({ inputs, outputs, factors: commonFactors(inputs.map((axis) => size(before, axis)), outputs.map((axis) => size(after, axis))) });
  }
  return runs;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

/** Both lists have one product. The cuts of both, as products from the left, must divide each other in order. */
function commonFactors(left: readonly number[], right: readonly number[]): readonly number[] | undefined {
  if (left.includes(0) || right.includes(0)) return undefined;
  const cuts = new Set<number>();
  for (const sizes of [left, right]) {
    let product = 1;
    for (const size of sizes) cuts.add(product *= size);
  }
  const factors: number[] = [];
  let before = 1;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut === 1) continue;
    if (cut % before !== 0) return undefined;
    factors.push(cut / before);
    before = cut;
  }
  return factors.length === 0 ? [1] : factors;
}
