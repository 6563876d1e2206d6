// What the harness in the extension host and its runner outside agree on. No code.

export interface HostTestResult {
  /** Titles of the suites around the test, then its own. */
  readonly title: readonly string[];
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly milliseconds: number;
  readonly error?: string;
}

export interface HostResults {
  readonly results: readonly HostTestResult[];
  /** Why the suites could not be run to their end. */
  readonly problem?: string;
}

/** Environment variables from the runner to the harness. */
export const harnessVariables = {
  /** Folder of the bundled suites. */
  suite: 'DECANT_TEST_SUITE',
  /** File to write `HostResults` to. */
  results: 'DECANT_TEST_RESULTS',
  /** Path of the mocha package. */
  mocha: 'DECANT_TEST_MOCHA',
} as const;
