// The data offered for a model in the compress form and in pickers, and the dialog that finds other data.

import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { DataChoice, DataChoices } from '../../protocol/webviewMessages';
import { words } from '../language';
import type { DataMemory } from './dataMemory';
import { dataIn, foldersNear, isDataDescription, rankData } from './dataCandidates';

/** JSON files of a workspace that are looked into. */
const MOST_FILES = 200;

export async function dataChoices(model: string, memory: DataMemory): Promise<DataChoices> {
  const near = (await Promise.all(foldersNear(model).map(dataIn))).flat();
  const files = await vscode.workspace.findFiles('**/*.json', '**/{node_modules,.vscode,.git,dist,out}/**', MOST_FILES);
  const elsewhere = await Promise.all(files.filter(({ scheme }) => scheme === 'file').map(async ({ fsPath }) => ((await isDataDescription(fsPath)) ? [fsPath] : [])));
  const ranked = rankData(model, [...near, ...elsewhere.flat()]);
  const last = memory.last(model);
  const known = last === undefined || last === '' || !existsSync(last) || ranked.includes(last) ? ranked : [last, ...ranked];
  return { choices: known.map(asChoice), preferred: last === '' ? null : last !== undefined && known.includes(last) ? last : ranked[0] ?? null };
}

/** Opens the file dialog; `null` when it was left without a choice. */
export async function browseData(model: string): Promise<DataChoice | null> {
  const picked = await vscode.window.showOpenDialog({
    title: words('view.pick.data'),
    openLabel: words('view.pick.use'),
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(model), '..'),
    canSelectFiles: true,
    canSelectFolders: true,
    filters: { [words('view.pick.dataFilter')]: ['json', 'zip', 'npz', 'parquet'], [words('view.pick.allFiles')]: ['*'] },
  });
  const [uri] = picked ?? [];
  return uri === undefined ? null : asChoice(uri.fsPath);
}

/** A quick pick of data; `null` for none, `undefined` when it was left. */
export async function pickData(model: string, memory: DataMemory, withNone: boolean): Promise<string | null | undefined> {
  const { choices, preferred } = await dataChoices(model, memory);
  const items = [
    ...[...choices].sort((a, b) => Number(b.path === preferred) - Number(a.path === preferred)).map(({ path, label }) => ({ label, path })),
    ...(withNone ? [{ label: words('view.pick.dataNone'), path: null }] : []),
    { label: words('view.pick.browse'), path: undefined },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: words('view.pick.data') });
  if (picked === undefined) return undefined;
  const path = picked.path === undefined ? (await browseData(model))?.path : picked.path;
  if (path !== undefined) memory.remember(model, path);
  return path;
}

function asChoice(path: string): DataChoice {
  return { path, label: vscode.workspace.asRelativePath(path) };
}
