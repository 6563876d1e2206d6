// Prints what ran in an extension host, test by test, and counts it.
import type { HostResults, HostTestResult } from './results';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const marks = { passed: '✔', failed: '✖', skipped: '-' } as const;

function print({ title, state, milliseconds, error }: HostTestResult): void {
  console.log(`  ${marks[state]} ${title.join(' › ')} (${milliseconds} ms)`);
  if (error !== undefined) console.log(error.replaceAll(/^/gm, '      '));
}

/** A problem that kept the suites from ending counts as one failure. */
export function printResults({ results, problem }: HostResults): Counts {
  results.forEach(print);
  if (problem !== undefined) console.error(problem);
  const count = (state: HostTestResult['state']): number => results.filter((result) => result.state === state).length;
  return { passed: count('passed'), failed: count('failed') + (problem === undefined ? 0 : 1), skipped: count('skipped') };
}
