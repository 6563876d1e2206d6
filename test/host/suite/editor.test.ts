import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { EDITOR_TYPE } from '../../../src/host/editor/editors';
import { modelInWorkspace, runningHost, until } from './support';

function customTabs(): readonly vscode.TabInputCustom[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ input }) => input)).filter((input) => input instanceof vscode.TabInputCustom);
}

describe('the model editor', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('opens for *.onnx by default', async () => {
    const model = await modelInWorkspace();
    await vscode.commands.executeCommand('vscode.open', model);
    await until('the editor opening', () => customTabs().some(({ viewType }) => viewType === EDITOR_TYPE));
  });

  it('opens by command and knows that it is open', async () => {
    const host = await runningHost();
    const model = await modelInWorkspace();
    await vscode.commands.executeCommand('decant.openModel', model);
    await until('the editor opening', () => host.editors.isOpen(model.fsPath));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until('the editor closing', () => !host.editors.isOpen(model.fsPath));
  });

  it('inspects through the background process', async () => {
    const host = await runningHost();
    const model = await modelInWorkspace();
    const report = await host.models.inspect(model.fsPath);
    assert.ok(report.layers.length > 0);
    assert.ok(report.totals.parameters > 0);
  });

  it('refuses what is no model on disk, by name', async () => {
    const host = await runningHost();
    const notes = vscode.Uri.joinPath(await modelInWorkspace(), '..', 'broken.onnx');
    await vscode.workspace.fs.writeFile(notes, new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'));
    try {
      await assert.rejects(host.models.inspect(notes.fsPath), (error: { data?: { code?: string } }) => error.data?.code === 'gitLfsPointer');
    } finally {
      await vscode.workspace.fs.delete(notes);
    }
  });
});
