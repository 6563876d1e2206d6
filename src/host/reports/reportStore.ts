// The reports of the window: those in the workspace (`*.report.json`), those beside opened models, and comparisons that
// were never saved. Latest first.

import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CompareReport } from '../../protocol/report';
import type { ModelReview, ReportEntry } from '../../protocol/webviewMessages';
import { readReport } from './readReport';
import { type ReportModels, reportModels, sideOf } from './reportModels';

export interface StoredReport {
  readonly id: string;
  /** Absent for a comparison that was not saved. */
  readonly file?: string;
  readonly name: string;
  readonly time: Date;
  readonly report: CompareReport;
  readonly models: ReportModels;
}

export interface ReportStore extends vscode.Disposable {
  /** Latest first. */
  list(): readonly StoredReport[];
  get(id: string): StoredReport | undefined;
  entries(): readonly ReportEntry[];
  /** Reads one file; `undefined` where it is no report. */
  add(file: string): Promise<StoredReport | undefined>;
  addUnsaved(name: string, report: CompareReport, models: ReportModels): StoredReport;
  /** Looks through the workspace, once; later changes are seen by themselves. */
  scan(): Promise<void>;
  /** Looks through the workspace again, because a person asks. */
  rescan(): Promise<void>;
  /** Looks beside a model. */
  scanFolder(folder: string): Promise<void>;
  reviewOf(model: string): ModelReview | null;
  readonly onDidChange: vscode.Event<void>;
}

const PATTERN = '**/*.report.json';
/** More reports than anyone looks through; the latest of these are shown. */
const MOST = 500;

export function createReportStore(log: vscode.LogOutputChannel): ReportStore {
  const changed = new vscode.EventEmitter<void>();
  const reports = new Map<string, StoredReport>();
  let watcher: vscode.FileSystemWatcher | undefined;
  let scanning: Promise<void> | undefined;

  async function read(file: string): Promise<StoredReport | undefined> {
    try {
      const found = await readReport(file);
      if (found === undefined) return undefined;
      const stored: StoredReport = { id: file, file, name: path.basename(file), ...found, models: reportModels(found.report, file) };
      reports.set(file, stored);
      return stored;
    } catch (error) {
      log.warn(file, String(error));
      return undefined;
    }
  }

  async function add(file: string): Promise<StoredReport | undefined> {
    const stored = await read(file);
    changed.fire();
    return stored;
  }

  function watch(): void {
    watcher = vscode.workspace.createFileSystemWatcher(PATTERN);
    watcher.onDidCreate(({ fsPath }) => void add(fsPath));
    watcher.onDidChange(({ fsPath }) => void add(fsPath));
    watcher.onDidDelete(({ fsPath }) => {
      if (reports.delete(fsPath)) changed.fire();
    });
  }

  async function scanWorkspace(): Promise<void> {
    if (watcher === undefined) watch();
    const files = await vscode.workspace.findFiles(PATTERN, '**/node_modules/**', MOST);
    await Promise.all(files.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => read(fsPath)));
    changed.fire();
  }

  const list = (): readonly StoredReport[] => [...reports.values()].sort((a, b) => b.time.getTime() - a.time.getTime());

  return {
    list,
    get: (id) => reports.get(id),
    entries: () => list().map(({ id, file, name, time }) => ({ id, name, folder: file === undefined ? '' : folderOf(file), time: time.toISOString() })),
    add,
    addUnsaved(name, report, models) {
      const stored: StoredReport = { id: `unsaved:${reports.size}:${name}`, name, time: new Date(), report, models };
      reports.set(stored.id, stored);
      changed.fire();
      return stored;
    },
    scan: () => (scanning ??= scanWorkspace()),
    rescan: () => (scanning = scanWorkspace()),
    async scanFolder(folder) {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.report.json'));
      const unknown = names.map((name) => path.join(folder, name)).filter((file) => !reports.has(file));
      if (unknown.length === 0) return;
      await Promise.all(unknown.map(read));
      changed.fire();
    },
    reviewOf(model) {
      for (const { name, report, models } of list()) {
        const side = sideOf(models, model);
        if (side !== undefined) return { name, side, report };
      }
      return null;
    },
    onDidChange: changed.event,
    dispose() {
      watcher?.dispose();
      changed.dispose();
    },
  };
}

/** Folder within the workspace, `''` at its root. */
function folderOf(file: string): string {
  const folder = path.dirname(vscode.workspace.asRelativePath(file));
  return folder === '.' ? '' : folder;
}
