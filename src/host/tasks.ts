// Tasks of type `decant`: one for each recipe of the workspace, run as the command "Run Recipe" runs it, with a line in
// the terminal for each step.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { runRecipe } from './actions/compress';
import type { Host } from './host';
import { refusal } from './jobs/jobCenter';
import { progressText } from './jobs/progressText';
import { failureText, tellFailure } from './jobs/visibleJobs';
import { words } from './language';
import { UserError } from './userError';

const TYPE = 'decant';
const MOST_RECIPES = 100;

interface RecipeTask extends vscode.TaskDefinition {
  /** Path of the recipe, relative to the folder of the workspace. */
  readonly recipe: string;
}

export function registerTasks(host: Host): vscode.Disposable {
  return vscode.tasks.registerTaskProvider(TYPE, {
    async provideTasks() {
      const recipes = await vscode.workspace.findFiles('**/*.recipe.json', '**/node_modules/**', MOST_RECIPES);
      return recipes.flatMap((file) => {
        const folder = vscode.workspace.getWorkspaceFolder(file);
        return folder === undefined ? [] : [recipeTask(host, { type: TYPE, recipe: path.relative(folder.uri.fsPath, file.fsPath) }, folder)];
      });
    },
    resolveTask({ definition, scope }) {
      const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.[0];
      return folder === undefined || typeof definition['recipe'] !== 'string' ? undefined : recipeTask(host, definition as RecipeTask, folder);
    },
  });
}

function recipeTask(host: Host, definition: RecipeTask, folder: vscode.WorkspaceFolder): vscode.Task {
  const file = path.resolve(folder.uri.fsPath, definition.recipe);
  const execution = new vscode.CustomExecution(() => Promise.resolve(recipeTerminal(host, file)));
  return new vscode.Task(definition, folder, definition.recipe, 'Decant', execution);
}

function recipeTerminal(host: Host, file: string): vscode.Pseudoterminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<number>();
  const line = (text: string): void => written.fire(`${text.replaceAll('\n', '\r\n')}\r\n`);
  let jobId: string | undefined;
  let last = '';
  const listening = host.jobs.onDidChange((job) => {
    if (job.kind !== 'compress') return;
    jobId ??= job.id;
    const text = job.id === jobId && job.running ? progressText({ progress: job.progress }) : last;
    if (text !== last) line((last = text));
  });

  async function run(): Promise<void> {
    try {
      if (!vscode.workspace.isTrusted) throw refusal();
      await runRecipe(host, file, () => Promise.reject(new UserError(words('view.error.recipeModel', { name: path.basename(file) }))));
      line(words('view.done.recipe', { name: path.basename(file) }));
      closed.fire(0);
    } catch (error) {
      line(failureText(error));
      void tellFailure(error, host.log);
      closed.fire(1);
    } finally {
      listening.dispose();
    }
  }

  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: () => void run(),
    close: () => host.jobs.running().find(({ id }) => id === jobId)?.cancel(),
  };
}
