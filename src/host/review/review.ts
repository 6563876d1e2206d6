// The side-bar view "Compression Review": which report is chosen, and what happens when a layer in it is clicked.

import * as vscode from 'vscode';
import type { CompareReport } from '../../protocol/report';
import type { ReviewCalls, ToReview } from '../../protocol/webviewMessages';
import type { Editors } from '../editor/editors';
import { words } from '../language';
import type { ReportStore, StoredReport } from '../reports/reportStore';
import { sideOf } from '../reports/reportModels';
import { type Channel, type Handlers, openChannel } from '../webview/channel';
import { fillWebview } from '../webview/page';

export const REVIEW_VIEW = 'decant.review';

export interface Review {
  readonly provider: vscode.WebviewViewProvider;
  /** Opens the view, on the report `id` if one is named. */
  show(id?: string): Promise<void>;
  /** Opens the view on the newest report of a model. */
  showModel(model: string): Promise<void>;
  /** Marks the layer that a model editor looks at, if the report shown is of that model. */
  select(model: string, layer: string): void;
  /** The report shown; for tests. */
  shown(): CompareReport | undefined;
}

export interface ReviewParts {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly reports: ReportStore;
  readonly editors: Editors;
  /** Told when the view opens. */
  readonly onOpen: () => void;
}

export function createReview({ extensionUri, log, reports, editors, onOpen }: ReviewParts): Review & vscode.Disposable {
  let chosen: string | undefined;
  let channel: Channel<ToReview> | undefined;
  let toldReport: CompareReport | undefined;

  const current = (): StoredReport | undefined => (chosen === undefined ? undefined : reports.get(chosen)) ?? reports.list()[0];

  function tell(): void {
    const stored = current();
    channel?.tell({ type: 'reports', reports: reports.entries(), chosen: stored?.id ?? null });
    if (stored?.report === toldReport && toldReport !== undefined) return;
    toldReport = stored?.report;
    channel?.tell({ type: 'report', report: stored?.report ?? null });
  }

  function tellAll(): void {
    toldReport = undefined;
    tell();
    reports.scan().catch((error: unknown) => log.warn(String(error)));
  }

  function choose(id: string | undefined): void {
    chosen = id ?? chosen;
    tell();
  }

  async function openModel(which: 'before' | 'after', layer?: string): Promise<void> {
    const stored = current();
    if (stored === undefined) return;
    const model = stored.models[which];
    if (model === undefined) {
      void vscode.window.showWarningMessage(words('view.error.modelGone', { name: stored.name }));
      return;
    }
    await editors.open(model, layer === undefined ? {} : { request: { type: 'select', layer }, preserveFocus: true });
  }

  const handlers: Handlers<ReviewCalls> = {
    chooseReport: ({ id }) => Promise.resolve(choose(id)).then(nothing),
    selectLayer: ({ layer }) => openModel('before', layer).then(nothing),
    openModel: ({ which }) => openModel(which).then(nothing),
    openReportFile: async () => {
      const file = current()?.file;
      if (file !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(file));
      return null;
    },
    compress: async () => {
      await vscode.commands.executeCommand('decant.compressModel');
      return null;
    },
  };

  const listening = reports.onDidChange(tell);
  return {
    provider: {
      resolveWebviewView(view) {
        channel = openChannel<ReviewCalls, ToReview>(view.webview, handlers, tellAll, log);
        const opened = channel;
        view.onDidDispose(() => {
          opened.dispose();
          if (channel === opened) channel = undefined;
        });
        fillWebview(view.webview, extensionUri, 'review', words('view.review.title'));
        onOpen();
      },
    },
    async show(id) {
      choose(id);
      await vscode.commands.executeCommand(`${REVIEW_VIEW}.focus`);
    },
    async showModel(model) {
      choose(reports.list().find(({ models }) => sideOf(models, model) !== undefined)?.id);
      await vscode.commands.executeCommand(`${REVIEW_VIEW}.focus`);
    },
    select(model, layer) {
      const stored = current();
      if (stored !== undefined && sideOf(stored.models, model) !== undefined) channel?.tell({ type: 'select', layer });
    },
    shown: () => current()?.report,
    dispose() {
      listening.dispose();
    },
  };
}

function nothing(): null {
  return null;
}
