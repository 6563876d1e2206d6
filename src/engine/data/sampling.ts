// Which samples of a split are taken when not all are: always without repetition, always the same for the same seed.

/** `count` indices spread evenly over `size` samples, so that data sorted by class stay balanced; all of them when `count` is larger. */
export function evenIndices(size: number, count: number): number[] {
  if (count >= size) return Array.from({ length: size }, (_, index) => index);
  return Array.from({ length: count }, (_, index) => Math.floor((index * size) / count));
}

/** `count` different indices in random order (Fisher-Yates, stopped early); `random` is uniform in [0, 1). */
export function randomIndices(size: number, count: number, random: () => number): number[] {
  const indices = Array.from({ length: size }, (_, index) => index);
  const wanted = Math.min(count, size);
  for (let place = 0; place < wanted; place += 1) {
    const other = place + Math.floor(random() * (size - place));
    const swapped = indices[place] as number;
    indices[place] = indices[other] as number;
    indices[other] = swapped;
  }
  return indices.slice(0, wanted);
}
