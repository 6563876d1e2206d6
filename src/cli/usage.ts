// Wrong usage, and the parsers of option values that notice it.

import type { TextCode, TextParams } from '../protocol/text/index';

/** A problem with the command line; main adds the command it belongs to. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
  constructor(readonly problem: TextCode, readonly params: TextParams = {}) {
    super(problem);
  }
}

/** Largest seed: the random numbers of a job start from 32 bits. */
export const MAX_SEED = 2 ** 32 - 1;

/** Parser of a whole number from `least` to `most`, for the option `name`. */
export function integer(name: string, least: number, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least) throw new UsageProblem('usage.integer', { name, least, value });
    if (number > most) throw new UsageProblem('usage.tooLarge', { name, most, value });
    return number;
  };
}

/** Parser of a number of at least 0, for the option `name`. */
export function number(name: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number) || number < 0) throw new UsageProblem('usage.number', { name, least: 0, value });
    return number;
  };
}

/** Adds one `name=SIZE` to the sizes of symbolic dimensions. A name may hold `=`; the size is after the last one. */
export function addDimension(value: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const match = /^(.+)=(\d+)$/.exec(value);
  const size = Number(match?.[2]);
  if (match?.[1] === undefined || !Number.isSafeInteger(size) || size < 1) throw new UsageProblem('usage.dim', { value });
  return { ...before, [match[1]]: size };
}
