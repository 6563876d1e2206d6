// Which model files a report speaks of. Reports hold paths as they were when written; a moved folder is found by the
// place of the report itself.

import { existsSync } from 'node:fs';
import * as path from 'node:path';
import type { CompareReport, CompressReport } from '../../protocol/report';

export interface ReportModels {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Paths of the two models; `file` is the report's own path, absent for a report that was never saved. */
export function reportModels(report: CompareReport | CompressReport, file: string | undefined, exists: (file: string) => boolean = existsSync): ReportModels {
  const inputs = Object.keys(report.inputs).filter((input) => input.toLowerCase().endsWith('.onnx'));
  const [before, second] = inputs;
  return { before: locate(before, file, exists), after: locate('output' in report ? report.output : second, file, exists) };
}

/** Which side of the report `model` is, if any. */
export function sideOf(models: ReportModels, model: string): 'before' | 'after' | undefined {
  return models.before === model ? 'before' : models.after === model ? 'after' : undefined;
}

function locate(named: string | undefined, reportFile: string | undefined, exists: (file: string) => boolean): string | undefined {
  if (named === undefined) return undefined;
  const folder = reportFile === undefined ? undefined : path.dirname(reportFile);
  const candidates = [...(path.isAbsolute(named) ? [named] : []), ...(folder === undefined ? [] : [path.resolve(folder, named), path.join(folder, path.basename(named.replaceAll('\\', '/')))])];
  return candidates.find(exists);
}
