import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../../src/host/commands/table';
import { runningHost } from './support';

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly customEditors: readonly { readonly viewType: string }[];
  };
}

function manifest(): Manifest {
  const extension = vscode.extensions.getExtension('decant.decant');
  assert.ok(extension);
  return extension.packageJSON as Manifest;
}

describe('the manifest', () => {
  it('offers exactly the commands of the table, all registered', async () => {
    await runningHost();
    const offered = manifest().contributes.commands.map(({ command }) => command).sort();
    assert.deepEqual(offered, Object.keys(commands).sort());
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(offered.filter((id) => !registered.includes(id)), []);
  });

  it('has a title for each in a language, under one category', () => {
    for (const { command, title, category } of manifest().contributes.commands) {
      assert.equal(category, 'Decant', command);
      assert.doesNotMatch(title, /%/, command);
    }
  });

  it('starts by itself for nothing', () => assert.deepEqual(manifest().activationEvents, []));
});
