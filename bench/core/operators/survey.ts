// All operator cases judged: counts by verdict, and what is not exact, by operator and reason.

import type { OperatorCase } from './case';
import { debianCases, hasDebianCases } from './debian';
import { type Judgement, judge, type Verdict } from './judge';
import { onnxCases } from './onnxCases';
import { reasonOf } from './reasons';

export interface Counts {
  readonly exact: number;
  readonly open: number;
  readonly wrong: number;
}

export interface Survey {
  readonly source: string;
  readonly judgements: readonly Judgement[];
  /** Knowing the shapes of the inputs. */
  readonly byShapes: Counts;
  /** Knowing the elements of small inputs too. */
  readonly byValues: Counts;
}

export const debianSource = 'libonnx-testdata (Debian)';

let surveyed: Promise<readonly Survey[]> | undefined;

/** Judged once a process. */
export function survey(): Promise<readonly Survey[]> {
  surveyed ??= judgeBoth();
  return surveyed;
}

async function judgeBoth(): Promise<readonly Survey[]> {
  const { source, cases } = onnxCases();
  const surveys = [surveyOf(source, await judgeAll(cases))];
  return hasDebianCases ? [surveyOf(debianSource, await judgeAll(debianCases())), ...surveys] : surveys;
}

async function judgeAll(cases: Iterable<OperatorCase> | AsyncIterable<OperatorCase>): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for await (const subject of cases) judgements.push(await judge(subject));
  return judgements;
}

function surveyOf(source: string, judgements: readonly Judgement[]): Survey {
  const counts = (verdictOf: (judgement: Judgement) => Verdict): Counts => {
    const of = (verdict: Verdict): number => judgements.filter((judgement) => verdictOf(judgement) === verdict).length;
    return { exact: of('exact'), open: of('open'), wrong: of('wrong') };
  };
  return { source, judgements, byShapes: counts(({ byShapes }) => byShapes), byValues: counts(({ byValues }) => byValues) };
}

export interface OpenRow {
  readonly operators: string;
  readonly cases: number;
  readonly reason: string;
}

/** What stays open even with values: by reason, with the operators of the models. */
export function openRows(surveys: readonly Survey[]): readonly OpenRow[] {
  const rows = new Map<string, OpenRow>();
  for (const { operators, byValues, name } of surveys.flatMap(({ judgements }) => judgements)) {
    if (byValues === 'exact') continue;
    const reason = reasonOf(operators) ?? `no reason is given: ${name}`;
    const label = operators.join(', ');
    const key = `${label} ${reason}`;
    rows.set(key, { operators: label, cases: (rows.get(key)?.cases ?? 0) + 1, reason });
  }
  return [...rows.values()].sort((a, b) => (a.operators < b.operators ? -1 : 1));
}

/** Operators whose result depends on elements of inputs: open by shapes alone, exact once the elements are known. */
export function elementRows(surveys: readonly Survey[]): readonly (readonly [operators: string, cases: number])[] {
  const rows = new Map<string, number>();
  for (const { operators, byShapes, byValues } of surveys.flatMap(({ judgements }) => judgements)) {
    if (byShapes === 'exact' || byValues !== 'exact') continue;
    const label = operators.length > 4 ? 'several together' : operators.join(', ');
    rows.set(label, (rows.get(label) ?? 0) + 1);
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}
