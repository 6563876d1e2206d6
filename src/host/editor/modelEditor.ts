// The custom editor for *.onnx: read-only, several tabs of one file may be open. The page is only a view; what it shows
// is kept in the stores.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { EditorCalls, ToEditor } from '../../protocol/webviewMessages';
import { compressModel } from '../actions/compress';
import { evaluateModel, profileModel } from '../actions/measure';
import { browseData, dataChoices } from '../data/dataChoices';
import type { Host } from '../host';
import type { HostJob } from '../jobs/jobCenter';
import { errorData, tellFailure } from '../jobs/visibleJobs';
import { withShortPaths } from '../language';
import { showText } from '../text/showText';
import { type Channel, type Handlers, openChannel } from '../webview/channel';
import { fillWebview } from '../webview/page';
import type { EditorRequest, EditorSession } from './editors';

export function createModelEditor(host: Host): vscode.CustomReadonlyEditorProvider {
  return {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor({ uri }, panel) {
      openSession(host, uri, panel);
    },
  };
}

function openSession(host: Host, uri: vscode.Uri, panel: vscode.WebviewPanel): void {
  const model = uri.fsPath;
  const name = path.basename(model);
  let ready = false;
  let requests: EditorRequest[] = [];

  const channel: Channel<ToEditor> = openChannel<EditorCalls, ToEditor>(panel.webview, handlers(host, model), () => void tellAll(), host.log);
  const session: EditorSession = {
    model,
    panel,
    ask(request) {
      if (ready) channel.tell(request);
      else requests.push(request);
    },
  };

  async function tellModel(): Promise<void> {
    try {
      channel.tell({ type: 'model', name, report: await host.models.inspect(model) });
    } catch (error) {
      channel.tell({ type: 'unusable', name, error: withShortPaths(errorData(error)) });
      void tellFailure(error, host.log);
    }
  }

  function tellFacts(): void {
    const { profile, evaluation } = host.models.facts(model);
    channel.tell({ type: 'profile', profile });
    channel.tell({ type: 'evaluation', evaluation });
  }

  const tellReview = (): void => channel.tell({ type: 'review', review: host.reports.reviewOf(model) });
  const tellTrust = (): void => channel.tell({ type: 'trust', trusted: vscode.workspace.isTrusted });
  const tellJob = (): void => channel.tell({ type: 'job', job: jobState(host.jobs.runningOn(model)) });

  /** A page that is new, or back after it was hidden, is told everything. */
  async function tellAll(): Promise<void> {
    tellTrust();
    tellJob();
    await tellModel();
    tellFacts();
    tellReview();
    ready = true;
    for (const request of requests) channel.tell(request);
    requests = [];
    host.reports.scanFolder(path.dirname(model)).catch((error: unknown) => host.log.warn(String(error)));
  }

  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), name));
  const reread = (): void => {
    host.models.forget(model);
    void tellModel();
  };
  const subscriptions = vscode.Disposable.from(
    channel,
    watcher,
    watcher.onDidChange(reread),
    watcher.onDidCreate(reread),
    host.models.onDidChange((changed) => {
      if (changed === model) tellFacts();
    }),
    host.reports.onDidChange(tellReview),
    host.jobs.onDidChange((job) => {
      if (job.models.includes(model)) tellJob();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(tellTrust),
  );
  panel.onDidChangeViewState(() => {
    if (!panel.visible) ready = false;
  });
  panel.onDidDispose(() => {
    host.editors.remove(session);
    subscriptions.dispose();
  });
  host.editors.add(session);
  fillWebview(panel.webview, host.extensionUri, 'editor', name);
  void host.unfinished.offer();
}

function handlers(host: Host, model: string): Handlers<EditorCalls> {
  return {
    passes: () => host.jobs.start('passes', {}, { models: [], name: '' }),
    dataChoices: () => dataChoices(model, host.data),
    pickData: () => browseData(model),
    measureLatency: ({ dims }) => answered(profileModel(host, model, dims)),
    evaluate: ({ dims }) => answered(evaluateModel(host, model, dims)),
    compress: (choice) => answered(compressModel(host, model, choice)),
    cancelJob: ({ job }) => {
      host.jobs.running().find(({ id }) => id === job)?.cancel();
      return Promise.resolve(null);
    },
    showLog: () => {
      host.log.show();
      return Promise.resolve(null);
    },
    showReview: async () => {
      await host.review.showModel(model);
      return null;
    },
    manageTrust: async () => {
      await vscode.commands.executeCommand('workbench.trust.manage');
      return null;
    },
    showText: async ({ layer }) => {
      await showText(host, model, layer);
      return null;
    },
    layerSelected: ({ layer }) => {
      if (layer !== null) host.review.select(model, layer);
      return Promise.resolve(null);
    },
  };
}

async function answered(action: Promise<void>): Promise<null> {
  await action;
  return null;
}

function jobState(job: HostJob | undefined): Extract<ToEditor, { type: 'job' }>['job'] {
  return job === undefined ? null : { id: job.id, kind: job.kind, progress: job.progress };
}

