// Texts in the language VS Code runs in.

import * as path from 'node:path';
import * as vscode from 'vscode';
import type { ErrorData } from '../protocol/errors';
import type { Progress } from '../protocol/jobs';
import { type Language, type TextCode, type TextParams, languageOf, say } from '../protocol/text/index';
import { viewActivity, viewErrorText, viewMetric } from '../protocol/viewWords';

export function language(): Language {
  return languageOf(vscode.env.language);
}

export function words(code: TextCode, params: TextParams = {}): string {
  return say(code, params, language());
}

/** Paths as the explorer shows them: within the workspace relative to it. */
export function withShortPaths(error: ErrorData): ErrorData {
  const params = Object.entries(error.params).map(([name, value]) => [name, typeof value === 'string' && path.isAbsolute(value) ? vscode.workspace.asRelativePath(value) : value] as const);
  return { ...error, params: Object.fromEntries(params) };
}

export function errorWords(error: ErrorData): string {
  return viewErrorText(withShortPaths(error), language());
}

export function activityWords(progress: Progress): string {
  return viewActivity(progress, language());
}

export function metricWords(name: string | null): string {
  return viewMetric(name, language());
}
