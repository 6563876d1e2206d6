// The data a person chose last, for each model of the workspace.

import type * as vscode from 'vscode';

export interface DataMemory {
  /** Path; `''` where "no data" was chosen; `undefined` where nothing was chosen yet. */
  last(model: string): string | undefined;
  remember(model: string, data: string | null): void;
}

const KEY = 'decant.data';

export function createDataMemory(state: vscode.Memento): DataMemory {
  return {
    last: (model) => state.get<Record<string, string>>(KEY, {})[model],
    remember: (model, data) => void state.update(KEY, { ...state.get<Record<string, string>>(KEY, {}), [model]: data ?? '' }),
  };
}
