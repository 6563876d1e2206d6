// The choices of finished rounds, kept with the checkpoint of the pass: measured times differ from run to run, importance with
// the number of threads, and what was trained after a choice fits that choice only, so a pass that goes on after a kill must
// not choose anew.

import type { Finding } from '../../../../protocol/report';
import type { PassCheckpoint } from '../../pass';
import type { ChosenUnits } from '../surgery/index';

interface Saved {
  readonly rounds: readonly (readonly (readonly [group: string, units: readonly number[]])[])[];
  readonly findings: readonly Finding[];
}

export interface ChoiceMemory {
  /** Whether the choice of a round is kept. */
  has(round: number): Promise<boolean>;
  /** The choice of a round, counted from 0: the kept one, or what `choose` makes. */
  choice(round: number, choose: () => Promise<ChosenUnits>): Promise<ChosenUnits>;
  /** What was told with the last choice. */
  findings(): readonly Finding[];
}

/** @param tell findings of the choices made so far. */
export function choiceMemory(checkpoint: PassCheckpoint, tell: () => readonly Finding[]): ChoiceMemory {
  let saved: Saved | undefined;
  const load = async (): Promise<Saved> => {
    const bytes = await checkpoint.load();
    return bytes === undefined ? { rounds: [], findings: [] } : JSON.parse(new TextDecoder().decode(bytes)) as Saved;
  };
  return {
    async has(round) {
      saved ??= await load();
      return saved.rounds[round] !== undefined;
    },
    async choice(round, choose) {
      saved ??= await load();
      const kept = saved.rounds[round];
      if (kept !== undefined) return new Map(kept);
      const chosen = await choose();
      saved = { rounds: [...saved.rounds.slice(0, round), [...chosen].map(([group, units]) => [group, [...units]] as const)], findings: tell() };
      await checkpoint.save(new TextEncoder().encode(JSON.stringify(saved)));
      return chosen;
    },
    findings: () => saved?.findings ?? [],
  };
}
