// Models as text: read-only documents whose text comes from the background process, kept until the model changes.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { ModelText } from '../../protocol/modelText';
import type { JobCenter } from '../jobs/jobCenter';
import { words } from '../language';
import { modelOfText, textUri } from './textUri';

/** VS Code turns off most of its help beyond 20 MB; half of that opens without a pause. */
const MOST_CHARACTERS = 10_000_000;

export interface ModelTexts extends vscode.TextDocumentContentProvider, vscode.Disposable {
  /** Text and places of a model; asked for once while its document is open. */
  of(model: string): Promise<ModelText>;
}

export function createModelTexts(jobs: JobCenter): ModelTexts {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const texts = new Map<string, Promise<ModelText>>();
  const watchers = new Map<string, vscode.Disposable>();

  function of(model: string): Promise<ModelText> {
    const known = texts.get(model);
    if (known !== undefined) return known;
    const text = jobs.start('text', { model, notes: false, most: MOST_CHARACTERS }, { models: [model], name: path.basename(model) }).then((result) => withNotice(result, model));
    texts.set(model, text);
    text.catch(() => texts.delete(model));
    return text;
  }

  function watch(model: string): void {
    if (watchers.has(model)) return;
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(path.dirname(model)), path.basename(model)));
    const reread = (): void => {
      texts.delete(model);
      changed.fire(textUri(model));
    };
    watchers.set(model, vscode.Disposable.from(watcher, watcher.onDidChange(reread), watcher.onDidCreate(reread)));
  }

  const closing = vscode.workspace.onDidCloseTextDocument(({ uri }) => {
    const model = modelOfText(uri);
    if (model === undefined) return;
    texts.delete(model);
    watchers.get(model)?.dispose();
    watchers.delete(model);
  });

  return {
    of,
    onDidChange: changed.event,
    async provideTextDocumentContent(uri) {
      const model = modelOfText(uri);
      if (model === undefined) return undefined;
      watch(model);
      return (await of(model)).text;
    },
    dispose() {
      vscode.Disposable.from(changed, closing, ...watchers.values()).dispose();
    },
  };
}

/** A text that was cut says so where it ends. */
function withNotice(result: ModelText, model: string): ModelText {
  if (result.linesLeftOut === 0) return result;
  return { ...result, text: `${result.text}${words('text.cut', { lines: result.linesLeftOut, name: path.basename(model) })}\n` };
}
