// Seeds of draws that are pure functions of where they happen: (seed, epoch, sample) gives the same numbers whatever was
// drawn before, so that a resumed run needs no generator state.

import { fnv1a } from '../fnv';

/** One seed for `seededRandom` from a place named by numbers (whole, up to 2^53) and words. */
export function seedOf(...parts: readonly (number | string)[]): number {
  // 255 ends a part, so that (1, 23) and (12, 3) differ.
  const letters = parts.flatMap((part) => [...Array.from(String(part), (letter) => letter.codePointAt(0) ?? 0), 0xff]);
  return fnv1a(letters) >>> 0;
}
