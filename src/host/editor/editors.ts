// The model editors that are open, by model file: opens one, and hands it what should happen once it is there.

import * as vscode from 'vscode';
import type { ToEditor } from '../../protocol/webviewMessages';

export const EDITOR_TYPE = 'decant.modelEditor';

export type EditorRequest = Extract<ToEditor, { readonly type: 'select' | 'openCompress' }>;

export interface EditorSession {
  readonly model: string;
  readonly panel: vscode.WebviewPanel;
  /** Told when the page is ready. */
  ask(request: EditorRequest): void;
}

export interface Editors {
  isOpen(model: string): boolean;
  /** Model of the editor in front, if a model editor is. */
  active(): string | undefined;
  open(model: string, options?: { readonly request?: EditorRequest; readonly preserveFocus?: boolean }): Promise<void>;
  add(session: EditorSession): void;
  remove(session: EditorSession): void;
}

export function createEditors(): Editors {
  const sessions = new Set<EditorSession>();
  /** Requests for editors that are being opened. */
  const waiting = new Map<string, EditorRequest[]>();
  const of = (model: string): EditorSession | undefined => [...sessions].find((session) => session.model === model);

  return {
    isOpen: (model) => of(model) !== undefined,
    active: () => [...sessions].find(({ panel }) => panel.active)?.model,
    async open(model, { request, preserveFocus = false } = {}) {
      const session = of(model);
      if (session !== undefined) {
        session.panel.reveal(undefined, preserveFocus);
        if (request !== undefined) session.ask(request);
        return;
      }
      if (request !== undefined) waiting.set(model, [...(waiting.get(model) ?? []), request]);
      await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(model), EDITOR_TYPE, { preserveFocus, preview: false });
    },
    add(session) {
      sessions.add(session);
      for (const request of waiting.get(session.model) ?? []) session.ask(request);
      waiting.delete(session.model);
    },
    remove: (session) => void sessions.delete(session),
  };
}
