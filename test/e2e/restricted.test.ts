// A workspace that nobody trusted yet: a model can be looked at, and nothing of it is run.
import assert from 'node:assert/strict';
import { explorerRow, openWorkbench, screenshot, type Workbench } from '../support/workbench';
import { makeWorkspace, type Workspace } from '../support/workspace';
import { layerCount, modelEditor } from './pages';

describe('a workspace without trust', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  let workbench: Workbench;

  before(async () => {
    workspace = makeWorkspace();
    workbench = await openWorkbench({ folder: workspace.folder, server: { restricted: true } });
  });

  after(async () => {
    await workbench.close();
    workspace.remove();
  });

  it('shows the layers of a model', async () => {
    await explorerRow(workbench.page, workspace.model).dblclick();
    assert.ok((await layerCount(await modelEditor(workbench.page))) > 5);
  });

  it('does not compress it, and says why', async () => {
    const editor = await modelEditor(workbench.page);
    await editor.getByRole('button', { name: /^Compress…/ }).click();
    const form = editor.getByRole('form', { name: 'Compress' });
    await form.getByText('Running a model needs a trusted workspace.').waitFor();
    assert.equal(await form.getByRole('button', { name: 'Compress', exact: true }).isDisabled(), true);
    await screenshot(workbench.page, 'restricted');
  });
});
