// activate(): wires the parts of the host together, nothing else. No onnxruntime, no process, no file is touched here.

import * as vscode from 'vscode';
import { resumeCompress } from './host/actions/compress';
import { registerCommands } from './host/commands/table';
import { createDataMemory } from './host/data/dataMemory';
import { createEditors, EDITOR_TYPE } from './host/editor/editors';
import { createModelEditor } from './host/editor/modelEditor';
import type { Host } from './host/host';
import { createClients } from './host/jobs/clients';
import { createJobCenter } from './host/jobs/jobCenter';
import { createUnfinished } from './host/jobs/unfinished';
import { createStatusItem } from './host/jobs/statusItem';
import { createModelStore } from './host/models/modelStore';
import { createReportStore } from './host/reports/reportStore';
import { createReview, REVIEW_VIEW } from './host/review/review';
import { registerLayerLines } from './host/text/layerLines';
import { createModelTexts } from './host/text/modelTexts';
import { TEXT_SCHEME } from './host/text/textUri';
import { registerTasks } from './host/tasks';

/** Gives the host's parts, for the tests inside the extension host. */
export function activate(context: vscode.ExtensionContext): Host {
  const { extensionUri, extensionPath } = context;
  const log = vscode.window.createOutputChannel('Decant', { log: true });
  const clients = createClients(extensionPath, log);
  const storage = (context.storageUri ?? context.globalStorageUri).fsPath;
  const jobs = createJobCenter({ clients, log, storage });
  const models = createModelStore(jobs);
  const reports = createReportStore(log);
  const editors = createEditors();
  const unfinished = createUnfinished({ jobs, log, storage, resume: (job) => resumeCompress(host, job) });
  const review = createReview({ extensionUri, log, reports, editors, onOpen: () => void unfinished.offer() });
  const texts = createModelTexts(jobs);
  const host: Host = { extensionUri, log, clients, jobs, models, reports, editors, review, unfinished, texts, data: createDataMemory(context.workspaceState) };

  context.subscriptions.push(
    log,
    clients,
    reports,
    review,
    texts,
    createStatusItem(jobs),
    registerCommands(host),
    registerTasks(host),
    vscode.workspace.registerTextDocumentContentProvider(TEXT_SCHEME, texts),
    registerLayerLines({ texts, reports }),
    vscode.window.registerCustomEditorProvider(EDITOR_TYPE, createModelEditor(host), { supportsMultipleEditorsPerDocument: true }),
    vscode.window.registerWebviewViewProvider(REVIEW_VIEW, review.provider),
  );
  return host;
}
