// All commands of Decant in one table. Each is also in the manifest; a test holds the two together.

import * as vscode from 'vscode';
import { compareModels } from '../actions/compare';
import { runRecipe } from '../actions/compress';
import { evaluateModel, profileModel } from '../actions/measure';
import type { Host } from '../host';
import { refusal } from '../jobs/jobCenter';
import { tellFailure } from '../jobs/visibleJobs';
import { words } from '../language';
import { UserError } from '../userError';
import { showText } from '../text/showText';
import { cancelJob } from './cancelJob';
import { fileBySuffix, modelFile, pickModel } from './pickers';
import { showProviders } from './showProviders';

type Run = (host: Host, ...args: readonly unknown[]) => Promise<void>;

interface Command {
  /** Runs model code: refused without trust before anything is asked. */
  readonly needsTrust: boolean;
  readonly run: Run;
}

export const commands: Readonly<Record<string, Command>> = {
  'decant.openModel': { needsTrust: false, run: async (host, uri) => withModel(host, uri, (model) => host.editors.open(model)) },
  'decant.compressModel': { needsTrust: false, run: async (host, uri) => withModel(host, uri, (model) => host.editors.open(model, { request: { type: 'openCompress' } })) },
  'decant.profileModel': { needsTrust: true, run: async (host, uri) => withModel(host, uri, (model) => profileModel(host, model)) },
  'decant.evaluateModel': { needsTrust: true, run: async (host, uri) => withModel(host, uri, (model) => evaluateModel(host, model)) },
  'decant.compareModels': { needsTrust: true, run: compare },
  'decant.runRecipe': {
    needsTrust: true,
    async run(host, uri) {
      const file = await fileBySuffix(uri, '.recipe.json', words('view.pick.recipe'));
      if (file !== undefined) await runRecipe(host, file, () => pickModel(words('view.pick.model')));
    },
  },
  'decant.openReport': { needsTrust: false, run: openReport },
  'decant.refreshReports': { needsTrust: false, run: async (host) => host.reports.rescan() },
  'decant.selectLayer': {
    needsTrust: false,
    async run(host, uri, layer) {
      const model = await modelFile(host, uri);
      if (model !== undefined && typeof layer === 'string') await host.editors.open(model, { request: { type: 'select', layer }, preserveFocus: true });
    },
  },
  'decant.showText': {
    needsTrust: false,
    run: async (host, uri, layer) => withModel(host, uri, (model) => showText(host, model, typeof layer === 'string' ? layer : undefined)),
  },
  'decant.showProviders': { needsTrust: true, run: showProviders },
  'decant.cancelJob': { needsTrust: false, run: cancelJob },
  'decant.showLog': {
    needsTrust: false,
    run: (host) => {
      host.log.show();
      return Promise.resolve();
    },
  },
};

export function registerCommands(host: Host): vscode.Disposable {
  const registered = Object.entries(commands).map(([id, { needsTrust, run }]) =>
    vscode.commands.registerCommand(id, async (...args: readonly unknown[]) => {
      try {
        if (needsTrust && !vscode.workspace.isTrusted) throw refusal();
        await run(host, ...args);
      } catch (error) {
        void tellFailure(error, host.log);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

async function withModel(host: Host, uri: unknown, action: (model: string) => Promise<void>): Promise<void> {
  const model = await modelFile(host, uri);
  if (model !== undefined) await action(model);
}

/** From the explorer with two models selected, or one after the other from pickers. */
async function compare(host: Host, uri: unknown, uris: unknown): Promise<void> {
  const selected = Array.isArray(uris) ? uris.filter((entry) => entry instanceof vscode.Uri).map(({ fsPath }) => fsPath) : [];
  const before = selected.length === 2 ? selected[0] : await modelFile(host, uri);
  if (before === undefined) return;
  const after = selected.length === 2 ? selected[1] : await pickModel(words('view.pick.modelAfter', { name: vscode.workspace.asRelativePath(before) }), before);
  if (after !== undefined) await compareModels(host, before, after);
}

async function openReport(host: Host, uri: unknown): Promise<void> {
  const file = await fileBySuffix(uri, '.report.json', words('view.pick.report'));
  if (file === undefined) return;
  const stored = await host.reports.add(file);
  if (stored === undefined) throw new UserError(words('view.error.report', { name: vscode.workspace.asRelativePath(file) }));
  await host.review.show(stored.id);
}
