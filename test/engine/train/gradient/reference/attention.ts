// Scaled dot-product attention in float64, element by element.

export interface AttentionShape {
  readonly batch: number;
  /** Heads of keys and values, and how many query heads share one. */
  readonly heads: number;
  readonly group: number;
  readonly queries: number;
  /** Keys of this call, and of the past. */
  readonly keys: number;
  readonly before: number;
  readonly size: number;
  readonly valueSize: number;
  /** Tensors are [batch, length, heads * size] and not [batch, heads, length, size]. */
  readonly merged: boolean;
  readonly causal: boolean;
  readonly scale: number;
  readonly softcap: number;
  /** Shape of the mask that is added, or undefined. */
  readonly mask: readonly number[] | undefined;
  /** Whether a query of a batch sees a key, besides what is causal. */
  readonly sees: (batch: number, head: number, query: number, key: number) => boolean;
}

/** Inputs Q, K, V, mask, past keys, past values; gives Y, present keys, present values. */
export function attentionReference(shape: AttentionShape, [q, k, v, mask, pastK, pastV]: readonly Float64Array[]): readonly Float64Array[] {
  const { batch, heads, group, queries, size, valueSize } = shape;
  const keys = shape.keys + shape.before;
  const all = (now: Float64Array | undefined, past: Float64Array | undefined, b: number, head: number, at: number, width: number, i: number): number =>
    (at < shape.before ? value(past, ((b * heads + head) * shape.before + at) * width + i) : value(now, place(shape.merged, heads, shape.keys, width, b, head, at - shape.before, i)));
  const y = new Float64Array(batch * heads * group * queries * valueSize);
  for (let b = 0; b < batch; b += 1) {
    for (let head = 0; head < heads * group; head += 1) {
      const shared = Math.floor(head / group);
      for (let query = 0; query < queries; query += 1) {
        const scores = Array.from({ length: keys }, (_, key) => {
          if (!shape.sees(b, head, query, key) || (shape.causal && key > query + shape.before)) return -Infinity;
          let dot = 0;
          for (let i = 0; i < size; i += 1) dot += value(q, place(shape.merged, heads * group, queries, size, b, head, query, i)) * all(k, pastK, b, shared, key, size, i);
          const scaled = dot * shape.scale;
          const capped = shape.softcap === 0 ? scaled : shape.softcap * Math.tanh(scaled / shape.softcap);
          return capped + (shape.mask === undefined ? 0 : value(mask, broadcast(shape.mask, [b, head, query, key])));
        });
        const top = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - top));
        const total = weights.reduce((a, c) => a + c, 0);
        for (let i = 0; i < valueSize; i += 1) {
          y[place(shape.merged, heads * group, queries, valueSize, b, head, query, i)] = weights.reduce((sum, weight, key) => sum + (weight / total) * all(v, pastV, b, shared, key, valueSize, i), 0);
        }
      }
    }
  }
  const present = (now: Float64Array | undefined, past: Float64Array | undefined, width: number): Float64Array =>
    Float64Array.from({ length: batch * heads * keys * width }, (_, flat) => {
      const [i, at, head, b] = [flat % width, Math.floor(flat / width) % keys, Math.floor(flat / width / keys) % heads, Math.floor(flat / width / keys / heads)];
      return all(now, past, b, head, at, width, i);
    });
  return [y, present(k, pastK, size), present(v, pastV, valueSize)];
}

function place(merged: boolean, heads: number, length: number, size: number, b: number, head: number, at: number, i: number): number {
  return merged ? ((b * length + at) * heads + head) * size + i : ((b * heads + head) * length + at) * size + i;
}

/** Flat index into a tensor that broadcasts to what `index` counts. */
export function broadcast(dims: readonly number[], index: readonly number[]): number {
  return dims.reduce((flat, dim, axis) => flat * dim + (dim === 1 ? 0 : (index[index.length - dims.length + axis] as number)), 0);
}

const value = (values: Float64Array | undefined, index: number): number => values?.[index] ?? 0;
