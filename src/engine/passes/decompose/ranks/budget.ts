// The choice of one form for each layer that loses least within a budget: the multiple-choice knapsack, greedily along the
// lower convex hulls of the layers' choices (Sinha and Zoltners 1979), then by what the rest of the budget buys. Of layers as
// small against the whole as those of networks, what this misses of the optimum is at most what one step of one layer brings.

/** One form of a layer. */
export interface Choice {
  /** MACs, parameters or milliseconds. */
  readonly cost: number;
  readonly loss: number;
}

/**
 * Index of the chosen form of each layer.
 *
 * @param layers choices of each layer; never empty
 * @param most sum of the costs that is allowed
 * @returns undefined where even the cheapest choices cost more
 */
export function spend(layers: readonly (readonly Choice[])[], most: number): readonly number[] | undefined {
  const hulls = layers.map(lowerHull);
  const at = hulls.map(() => 0);
  const chosen = (layer: number): number => hulls[layer]?.[at[layer] ?? 0] ?? 0;
  const choice = (layer: number, index = chosen(layer)): Choice => layers[layer]?.[index] ?? { cost: Infinity, loss: Infinity };
  let total = hulls.reduce((sum, _, layer) => sum + choice(layer).cost, 0);
  if (total > most) return undefined;
  const steps = hulls.flatMap((hull, layer) => hull.slice(1).map((index, place) => {
    const [before, after] = [choice(layer, hull[place]), choice(layer, index)];
    return { layer, place: place + 1, cost: after.cost - before.cost, gain: (before.loss - after.loss) / (after.cost - before.cost) };
  }));
  // Along a hull gains fall, so that the steps of a layer stay in order.
  steps.sort((one, other) => other.gain - one.gain || one.layer - other.layer || one.place - other.place);
  const stopped = new Set<number>();
  for (const { layer, place, cost } of steps) {
    if (stopped.has(layer)) continue;
    if (total + cost > most) {
      stopped.add(layer);
      continue;
    }
    at[layer] = place;
    total += cost;
  }
  return refined(layers, layers.map((_, layer) => chosen(layer)), most - total);
}

/** The largest gain that the rest of the budget buys, until it buys nothing. */
function refined(layers: readonly (readonly Choice[])[], given: readonly number[], rest: number): readonly number[] {
  const chosen = [...given];
  for (let left = rest; ;) {
    let best: { readonly layer: number; readonly index: number; readonly gain: number; readonly cost: number } | undefined;
    for (const [layer, choices] of layers.entries()) {
      const now = choices[chosen[layer] ?? 0];
      if (now === undefined) continue;
      for (const [index, { cost, loss }] of choices.entries()) {
        if (cost - now.cost <= left && now.loss - loss > (best?.gain ?? 0)) best = { layer, index, gain: now.loss - loss, cost: cost - now.cost };
      }
    }
    if (best === undefined) return chosen;
    chosen[best.layer] = best.index;
    left -= best.cost;
  }
}

/** Indices of the choices on the lower convex hull of loss over cost, costs rising and losses falling. */
function lowerHull(choices: readonly Choice[]): readonly number[] {
  const order = [...choices.keys()].sort((a, b) => costAt(choices, a) - costAt(choices, b) || lossAt(choices, a) - lossAt(choices, b));
  const hull: number[] = [];
  for (const index of order) {
    const last = hull.at(-1);
    if (last !== undefined && lossAt(choices, index) >= lossAt(choices, last)) continue;
    while (hull.length > 1 && gainOf(choices, hull.at(-2) ?? 0, hull.at(-1) ?? 0) <= gainOf(choices, hull.at(-1) ?? 0, index)) hull.pop();
    hull.push(index);
  }
  return hull;
}

function gainOf(choices: readonly Choice[], from: number, to: number): number {
  return (lossAt(choices, from) - lossAt(choices, to)) / (costAt(choices, to) - costAt(choices, from));
}

function costAt(choices: readonly Choice[], index: number): number {
  return choices[index]?.cost ?? Infinity;
}

function lossAt(choices: readonly Choice[], index: number): number {
  return choices[index]?.loss ?? Infinity;
}
