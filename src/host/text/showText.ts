// "Show Model as Text": opens the read-only text of a model, weights folded away, at a layer where one is named.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Host } from '../host';
import { textUri } from './textUri';

export async function showText(host: Host, model: string, layer?: string): Promise<void> {
  // Asked for first: what is wrong with a model is told as everywhere, not by an empty document.
  const { layers, blocks } = await host.texts.of(model);
  await host.reports.scanFolder(path.dirname(model));
  const uri = textUri(model);
  const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const values = blocks.filter(({ kind }) => kind === 'values').map(({ first }) => first);
  if (!isOpen && values.length > 0) await vscode.commands.executeCommand('editor.fold', { levels: 1, direction: 'up', selectionLines: values });
  const line = layers.find(({ id }) => id === layer)?.line;
  if (line === undefined || line >= document.lineCount) return;
  const start = new vscode.Position(line, document.lineAt(line).firstNonWhitespaceCharacterIndex);
  editor.selection = new vscode.Selection(start, start);
  editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenter);
}
