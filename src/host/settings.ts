// The settings of `decant.*`, as requests want them. Empty means "let Decant choose".

import * as vscode from 'vscode';
import type { RunOptions } from '../protocol/jobs';

export const SECTION = 'decant';

export function runSettings(): Pick<RunOptions, 'provider' | 'threads'> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const provider = settings.get<string>('provider', '');
  const threads = settings.get<number>('threads', 0);
  return { ...(provider === '' ? {} : { provider }), ...(threads > 0 ? { threads } : {}) };
}

/** Program that runs the background process; absent: VS Code's own. VS Code ignores a workspace's value until it is trusted. */
export function nodePath(): string | undefined {
  const path = vscode.workspace.getConfiguration(SECTION).get<string>('nodePath', '').trim();
  return path === '' ? undefined : path;
}
