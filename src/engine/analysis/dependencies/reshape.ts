// Which axes of a reshaped tensor come from which: runs of axes with equal products, and the common factors inside.

import type { Dim } from '../../ir/model';

export interface Run {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Sizes of which every axis of both sides is a product of neighbours; undefined where there are none. */
  readonly factors: readonly number[] | undefined;
}

/**
 * Runs of axes that hold the same elements, found from both ends, since elements keep their order. What open sizes hide in
 * between is one run without factors.
 */
export function matchDims(before: readonly Dim[], after: readonly Dim[]): readonly Run[] {
  const front = matchFront(before, after);
  const [left, right] = [before.slice(front.inputs), after.slice(front.outputs)];
  const back = matchFront(left.toReversed(), right.toReversed());
  const mirrored = back.runs.map(({ inputs, outputs, factors }): Run => ({
    inputs: inputs.map((axis) => before.length - 1 - axis).reverse(), outputs: outputs.map((axis) => after.length - 1 - axis).reverse(),
    factors: factors?.toReversed(),
  })).reverse();
  const inputs = range(front.inputs, before.length - back.inputs);
  const outputs = range(front.outputs, after.length - back.outputs);
  // A lone open axis on each side: all others agree, so they do.
  const hidden: Run = { inputs, outputs, factors: inputs.length === 1 && outputs.length === 1 ? [] : undefined };
  return [...front.runs, ...(inputs.length + outputs.length > 0 ? [hidden] : []), ...mirrored];
}

interface Matched {
  readonly runs: readonly Run[];
  /** Axes that are in runs. */
  readonly inputs: number;
  readonly outputs: number;
}

function matchFront(before: readonly Dim[], after: readonly Dim[]): Matched {
  const runs: Run[] = [];
  let [input, output] = [0, 0];
  while (input < before.length || output < after.length) {
    const [left, right] = [before[input], after[output]];
    if (typeof left === 'string' && left === right) {
      runs.push({ inputs: [input++], outputs: [output++], factors: [] });
      continue;
    }
    const ends = numbersUntilEqual(before, input, after, output);
    if (ends === undefined) break;
    const [inputs, outputs] = [range(input, ends[0]), range(output, ends[1])];
    runs.push({ inputs, outputs, factors: commonFactors(inputs.map((axis) => Number(before[axis])), outputs.map((axis) => Number(after[axis]))) });
    [input, output] = ends;
  }
  return { runs, inputs: input, outputs: output };
}

/** The ends of the shortest runs of numbers from here on with equal products; undefined where an open size is met first. */
function numbersUntilEqual(before: readonly Dim[], input: number, after: readonly Dim[], output: number): readonly [number, number] | undefined {
  let [left, right] = [1, 1];
  let [i, o] = [input, output];
  const next = (dims: readonly Dim[], at: number): number | undefined => {
    const dim = dims[at];
    return typeof dim === 'number' ? dim : undefined;
  };
  do {
    const takeLeft = left < right || (left === right && i < before.length && i === input);
    const factor = takeLeft ? next(before, i) : next(after, o);
    if (factor === undefined) return undefined;
    if (takeLeft) {
      left *= factor;
      i += 1;
    } else {
      right *= factor;
      o += 1;
    }
  } while (left !== right || (i === input && o === output));
  return [i, o];
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
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
  return factors;
}
