// Files for commands: the one the menu was opened on, the one in the editor in front, or one that is picked.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Host } from '../host';
import { modelOfText } from '../text/textUri';
import { words } from '../language';
import { UserError } from '../userError';

/** Models of a workspace that a picker lists. */
const MOST_FILES = 500;
const SKIPPED = '**/node_modules/**';

/** The model a command is about; `undefined` when picking one was given up. */
export async function modelFile(host: Host, argument: unknown, title?: string): Promise<string | undefined> {
  const uri = argument instanceof vscode.Uri ? argument : undefined;
  if (uri !== undefined) return checkedModel(uri);
  return host.editors.active() ?? pickModel(title ?? words('view.pick.model'));
}

export async function pickModel(title: string, except?: string): Promise<string | undefined> {
  const found = await vscode.workspace.findFiles('**/*.onnx', SKIPPED, MOST_FILES);
  const files = found.filter(({ scheme, fsPath }) => scheme === 'file' && fsPath !== except);
  if (files.length === 0) return browse(title, { [words('view.pick.models')]: ['onnx'] });
  return pickFile(title, files, { [words('view.pick.models')]: ['onnx'] });
}

/** A file of the workspace whose name ends in `suffix`, or one from a dialog. */
export async function fileBySuffix(argument: unknown, suffix: string, title: string): Promise<string | undefined> {
  if (argument instanceof vscode.Uri) return argument.fsPath;
  const files = await vscode.workspace.findFiles(`**/*${suffix}`, SKIPPED, MOST_FILES);
  return pickFile(title, files.filter(({ scheme }) => scheme === 'file'), { JSON: ['json'] });
}

async function pickFile(title: string, files: readonly vscode.Uri[], filters: Readonly<Record<string, string[]>>): Promise<string | undefined> {
  const items = [...files]
    .sort((a, b) => a.fsPath.localeCompare(b.fsPath))
    .map((file) => ({ label: path.basename(file.fsPath), description: vscode.workspace.asRelativePath(path.dirname(file.fsPath)), file: file.fsPath }));
  const picked = await vscode.window.showQuickPick([...items, { label: words('view.pick.browse'), file: undefined }], { title, matchOnDescription: true });
  if (picked === undefined) return undefined;
  return picked.file ?? browse(title, filters);
}

async function browse(title: string, filters: Readonly<Record<string, string[]>>): Promise<string | undefined> {
  const [uri] = (await vscode.window.showOpenDialog({ title, openLabel: words('view.pick.use'), filters: { ...filters } })) ?? [];
  return uri?.fsPath;
}

function checkedModel(uri: vscode.Uri): string {
  const shownAsText = modelOfText(uri);
  if (shownAsText !== undefined) return shownAsText;
  if (uri.scheme !== 'file' || !uri.path.toLowerCase().endsWith('.onnx')) throw new UserError(words('view.error.notAModelFile', { name: path.basename(uri.path) }));
  return uri.fsPath;
}
