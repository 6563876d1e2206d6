// What was chosen, as plain numbers: a killed job goes on with it, since measured times and effects differ from run to run, and
// what was trained after a choice fits that choice only.

import type { Finding } from '../../../protocol/report';
import type { PassCheckpoint } from '../pass';
import type { Choosing, Left } from './choose';
import type { Method } from './factors';
import type { FormTimes } from './measure/chainTimes';
import type { LayerCost } from './ranks/cost';

/** One layer that becomes factors. */
export interface PlannedLayer {
  /** As `DecomposableLayer.id`. */
  readonly id: string;
  readonly method: Method;
  readonly ranks: readonly number[];
  readonly before: LayerCost;
  readonly after: LayerCost;
  /** ms; null where nothing was measured. */
  readonly times: FormTimes | null;
  /** Of each mode, over the largest, at most MOST_VALUES of them. */
  readonly spectra: readonly (readonly number[])[];
}

export interface Plan {
  readonly layers: readonly PlannedLayer[];
  readonly left: readonly Left[];
  readonly findings: readonly Finding[];
}

/** As many as can be drawn side by side. */
const MOST_VALUES = 64;

/** Falling values over the largest; evenly spaced where there are too many, the first and the last among them. */
export function drawnValues(values: Float64Array): readonly number[] {
  const largest = values[0] ?? 0;
  const count = Math.min(MOST_VALUES, values.length);
  return Array.from({ length: count }, (_, index) => {
    const value = values[count === 1 ? 0 : Math.round((index * (values.length - 1)) / (count - 1))] ?? 0;
    return largest > 0 ? value / largest : 0;
  });
}

export function planOf({ decided, left, findings }: Choosing): Plan {
  return {
    layers: decided.map(({ study, candidate: { method, ranks, cost }, times }) => ({
      id: study.layer.id, method, ranks, before: study.whole, after: cost, times: times ?? null,
      spectra: (study.spectra.get(method) ?? []).map(drawnValues),
    })),
    left, findings,
  };
}

interface Saved {
  readonly key: string;
  readonly plan: Plan;
}

/** The plan of an earlier start of the same run, or what `make` makes. @param key what the plan depends on. */
export async function rememberedPlan(checkpoint: PassCheckpoint, key: string, make: () => Promise<Plan>): Promise<Plan> {
  const bytes = await checkpoint.load();
  const saved = bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes)) as Saved;
  if (saved?.key === key) return saved.plan;
  const plan = await make();
  await checkpoint.save(new TextEncoder().encode(JSON.stringify({ key, plan } satisfies Saved)));
  return plan;
}
