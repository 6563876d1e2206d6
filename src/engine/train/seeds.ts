// Seeds of draws that are pure functions of where they happen: (seed, epoch, sample) gives the same numbers whatever was
// drawn before, so that a resumed run needs no generator state.

/** FNV-1a over 32 bits (Fowler, Noll and Vo): offset basis and prime. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** One seed for `seededRandom` from a place named by numbers (whole, up to 2^53) and words. */
export function seedOf(...parts: readonly (number | string)[]): number {
  let hash = OFFSET_BASIS;
  const add = (byte: number): void => { hash = Math.imul(hash ^ byte, PRIME); };
  for (const part of parts) {
    for (const letter of String(part)) add(letter.codePointAt(0) ?? 0);
    // Between parts, so that (1, 23) and (12, 3) differ.
    add(0xff);
  }
  return hash >>> 0;
}
