// FNV-1a over 32 bits (Fowler, Noll and Vo): a cheap number that tells things apart. Not for what someone could forge.

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** @param before what came out of the part before this one, for things in several parts */
export function fnv1a(bytes: Iterable<number>, before = OFFSET_BASIS): number {
  let hash = before;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash;
}
