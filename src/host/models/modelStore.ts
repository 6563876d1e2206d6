// What is known of each model file: its inspection, and the last profile and evaluation. Outlives editor tabs; forgotten
// when the file changes.

import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { EvaluateReport, InspectReport, ProfileReport } from '../../protocol/report';
import type { JobCenter } from '../jobs/jobCenter';

export interface ModelFacts {
  readonly profile: ProfileReport | null;
  readonly evaluation: EvaluateReport | null;
}

export interface ModelStore {
  /** Inspects the file, or gives what it said last if the file is still the same. */
  inspect(file: string): Promise<InspectReport>;
  facts(file: string): ModelFacts;
  learn(file: string, facts: Partial<ModelFacts>): void;
  /** The file has changed on disk. */
  forget(file: string): void;
  /** Fires with the path of the model. */
  readonly onDidChange: vscode.Event<string>;
}

const NOTHING: ModelFacts = { profile: null, evaluation: null };

export function createModelStore(jobs: JobCenter): ModelStore {
  const changed = new vscode.EventEmitter<string>();
  const inspections = new Map<string, { stamp: string; report: Promise<InspectReport> }>();
  const facts = new Map<string, ModelFacts>();

  return {
    async inspect(file) {
      const stamp = await fileStamp(file);
      const known = inspections.get(file);
      if (known !== undefined && known.stamp === stamp && stamp !== ABSENT) return known.report;
      const report = jobs.start('inspect', { model: file }, { models: [file], name: path.basename(file) });
      inspections.set(file, { stamp, report });
      report.catch(() => inspections.delete(file));
      return report;
    },
    facts: (file) => facts.get(file) ?? NOTHING,
    learn(file, more) {
      facts.set(file, { ...(facts.get(file) ?? NOTHING), ...more });
      changed.fire(file);
    },
    forget(file) {
      inspections.delete(file);
      facts.delete(file);
      changed.fire(file);
    },
    onDidChange: changed.event,
  };
}

/** The inspect job says what is wrong with a file that is not there, in its own words. */
const ABSENT = 'absent';

async function fileStamp(file: string): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(file);
    return `${size}:${mtimeMs}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return ABSENT;
    throw error;
  }
}
