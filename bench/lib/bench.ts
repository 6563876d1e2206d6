// The frame of a benchmark: a name, a claim, a function that measures and gives tables. Never a timed test.

export interface BenchTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One line of an issue's "Must reach". */
export interface Claim {
  readonly claim: string;
  readonly wanted: string;
  readonly found: string;
  readonly met: boolean;
  /** Why it falls short, or what to know when reading it. */
  readonly note?: string;
}

export interface BenchResult {
  readonly claims: readonly Claim[];
  readonly tables: readonly BenchTable[];
}

export interface Bench {
  /** What `npm run bench -- NAME` says. */
  readonly name: string;
  readonly title: string;
  run(log: (line: string) => void): Promise<BenchResult>;
}

/** A Markdown table. Names from files may hold anything: pipes are escaped. */
export function markdown(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

export function claimsTable(claims: readonly Claim[]): string {
  return markdown(['claim', 'wanted', 'measured', 'met', 'note'],
    claims.map(({ claim, wanted, found, met, note }) => [claim, wanted, found, met ? 'yes' : '**no**', note ?? '']));
}
