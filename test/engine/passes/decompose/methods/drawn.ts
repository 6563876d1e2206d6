// The tensors that bench/decompose/references.py draws, by the same arithmetic.

export interface Recipe {
  readonly components: number;
  readonly noise: number;
  readonly seed: number;
}

/** Error of another implementation at these ranks. */
export interface Reference {
  readonly ranks: readonly number[];
  readonly error: number;
}

/** A kernel of references.json. */
export interface Case {
  readonly shape: readonly [outputs: number, inputs: number, ...kernel: readonly number[]];
  readonly drawn?: Recipe;
  /** Initializer of the model. */
  readonly weights?: string;
  readonly tucker: readonly Reference[];
  readonly cp: readonly Reference[];
}

/** Row-major; see `drawn` in the script. */
export function drawn(shape: readonly number[], { components, noise, seed }: Recipe): Float64Array {
  const size = shape.reduce((all, one) => all * one, 1);
  const signal = new Float64Array(size);
  for (let component = 0; component < components; component += 1) {
    const term = shape.reduce((outer, length, mode) => {
      const values = hashed(length, seed + 1 + component * shape.length + mode);
      return outer.flatMap((left) => values.map((right) => left * right));
    }, [1]);
    term.forEach((value, at) => void (signal[at] = (signal[at] as number) + value));
  }
  const meanSquare = signal.reduce((sum, value) => sum + value * value, 0) / size;
  const scale = noise * (components > 0 ? Math.sqrt(meanSquare) : 1);
  return signal.map((value, at) => value + scale * (noiseAt(at, seed)));
}

function hashed(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, index) => noiseAt(index, seed));
}

function noiseAt(index: number, seed: number): number {
  let mixed = Math.imul(index, 0x9e3779b9) + Math.imul(seed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 31 - 1;
}
