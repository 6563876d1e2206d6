// The main job as a person does it: right-click a real model in VS Code, compress it, read what that cost layer by layer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accessibilityProblems } from '../support/accessibility';
import { chooseInExplorer, explorerRow, notification, openWorkbench, screenshot, setTheme, themes, type ThemeName, type Workbench } from '../support/workbench';
import { makeWorkspace, type Workspace } from '../support/workspace';
import { isInside, layerCount, layerNames, layerRows, modelEditor, review, totalsRow } from './pages';

/** Calibration, measuring accuracy and latency of both models on two cores; about half a minute is usual. */
const compressTimeoutMs = 240_000;

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** A size as the table writes it, such as "36.1 kB"; 0 for a layer without weights. */
function bytesOf(text: string): number {
  const [, number, unit] = /^([\d.,]+) ?(B|kB|MB|GB)/.exec(text) ?? [];
  return number === undefined ? 0 : Number(number.replaceAll(',', '')) * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'B'];
}

describe('compressing a model in VS Code', function () {
  this.timeout(120_000);
  // Each step starts where the one before it ended.
  this.bail(true);
  let workspace: Workspace;
  let workbench: Workbench;
  let modelFile: string;
  let originalHash: string;

  before(async () => {
    workspace = makeWorkspace();
    modelFile = path.join(workspace.folder, workspace.model);
    originalHash = sha256(modelFile);
    writeFileSync(path.join(workspace.folder, 'broken.onnx'), 'This is no model.\n');
    workbench = await openWorkbench({ folder: workspace.folder });
  });

  after(async () => {
    await workbench.close();
    workspace.remove();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.error(`See ${await screenshot(workbench.page, `failed-${this.currentTest.title.replaceAll(/\W+/g, '-')}`)}`);
  });

  it('opens the model with its layers', async () => {
    await explorerRow(workbench.page, workspace.model).dblclick();
    const editor = await modelEditor(workbench.page);
    assert.ok((await layerCount(editor)) > 5, 'the table lists the layers');
    await screenshot(workbench.page, 'editor-opened');
  });

  it('sorts the layers by a click on a column', async () => {
    const editor = await modelEditor(workbench.page);
    const header = editor.getByRole('columnheader', { name: 'Weights' });
    await header.getByRole('button').click();
    assert.equal(await header.getAttribute('aria-sort'), 'descending');
    const column = await header.getAttribute('aria-colindex');
    const sizes = await layerRows(editor).locator(`[aria-colindex="${column}"] .cell-text`).allInnerTexts();
    const bytes = sizes.slice(0, 5).map(bytesOf);
    assert.deepEqual(bytes, [...bytes].sort((a, b) => b - a), sizes.join(', '));
    assert.ok((bytes[0] ?? 0) > 0);
  });

  it('compresses it from the context menu and opens the review', async function () {
    this.timeout(compressTimeoutMs);
    const { page } = workbench;
    await chooseInExplorer(page, workspace.model, /^Compress with Decant/);
    const editor = await modelEditor(page);
    const form = editor.getByRole('form', { name: 'Compress' });
    await form.waitFor();
    await screenshot(page, 'editor-compress-form');
    await form.getByRole('button', { name: 'Compress', exact: true }).click();
    const frame = await review(page, compressTimeoutMs);
    const [before, after, change] = await totalsRow(frame, 'File size');
    assert.match(String(change), /^[−-]/, `the file became smaller: ${before} to ${after}, ${change}`);
  });

  it('wrote model and report beside the original and left that alone', () => {
    const files = readdirSync(workspace.folder);
    const stem = workspace.model.replace(/\.onnx$/, '');
    assert.ok(files.includes(`${stem}.int8.onnx`), files.join(', '));
    assert.ok(files.includes(`${stem}.int8.report.json`) || files.includes(`${stem}.report.json`), files.join(', '));
    assert.ok(statSync(path.join(workspace.folder, `${stem}.int8.onnx`)).size < 0.5 * statSync(modelFile).size);
    assert.equal(sha256(modelFile), originalHash);
    assert.deepEqual(files.filter((name) => name.endsWith('.part') || name.endsWith('.tmp')), []);
  });

  it('shows deltas of every layer, and the same numbers as the report', async () => {
    const frame = await review(workbench.page);
    const reportFile = readdirSync(workspace.folder).find((name) => name.endsWith('.report.json'));
    assert.ok(reportFile !== undefined);
    const report = JSON.parse(readFileSync(path.join(workspace.folder, reportFile), 'utf8')) as { layers: { id: string }[]; before: { metric: number }; after: { metric: number } };
    assert.equal(await layerCount(frame), report.layers.length);
    const first = await layerRows(frame).first().innerText();
    const [id] = await layerNames(layerRows(frame).first());
    assert.ok(report.layers.some((layer) => layer.id === id), `"${id}" is a layer of the report`);
    assert.match(first, /[−+]\d+(\.\d+)?\s?%/, 'a row says its change in size');
  });

  it('selects the layer in the editor when its row is clicked', async () => {
    const frame = await review(workbench.page);
    const row = layerRows(frame).nth(2);
    await row.click();
    const selected = (await modelEditor(workbench.page)).locator('[role=row][aria-selected=true]');
    await selected.waitFor();
    const [id = ''] = await layerNames(row);
    assert.ok((await layerNames(selected)).includes(id), `${(await layerNames(selected)).join(', ')} is ${id}`);
    assert.ok(await isInside(selected, selected.locator('xpath=ancestor::*[@role="treegrid"]')), 'the row is scrolled into view');
  });

  for (const theme of Object.keys(themes) as ThemeName[]) {
    it(`looks right in the ${theme} theme`, async () => {
      await setTheme(workbench, theme);
      await screenshot(workbench.page, `review-${theme}`);
      const frame = await review(workbench.page);
      assert.deepEqual(await accessibilityProblems(frame), []);
      assert.deepEqual(await accessibilityProblems(await modelEditor(workbench.page)), []);
    });
  }

  it('prunes channels, and shows what each layer kept and the curve that decided it', async function () {
    this.timeout(compressTimeoutMs);
    const { page } = workbench;
    await chooseInExplorer(page, workspace.model, /^Compress with Decant/);
    const editor = await modelEditor(page);
    const form = editor.getByRole('form', { name: 'Compress' });
    await form.locator('vscode-dropdown').first().click();
    await form.getByRole('option', { name: 'Prune channels', exact: true }).click();
    await form.getByRole('checkbox', { name: 'Recovery' }).waitFor();
    await screenshot(page, 'prune-form');
    await form.getByRole('button', { name: 'Compress', exact: true }).click();
    const frame = await review(page, compressTimeoutMs);
    const section = frame.locator('details').filter({ hasText: /^Prune channels: \d+ of \d+ channels kept/ });
    await section.locator('summary').first().click({ timeout: compressTimeoutMs });
    await section.getByRole('img', { name: /^Importance of \d+ channels/ }).waitFor();
    assert.ok(readdirSync(workspace.folder).includes(workspace.model.replace(/\.onnx$/, '.pruned.onnx')));
    const groups = section.getByRole('treegrid', { name: 'Layers by what they kept' }).getByRole('row').filter({ hasText: /\d+ \/ \d+/ });
    assert.ok((await groups.count()) > 1, 'the groups of layers are listed');
    await section.getByRole('button').first().click();
    await editor.getByRole('heading', { name: /^Importance: \d+ of \d+ channels kept/ }).waitFor();
    const selected = editor.locator('[role=row][aria-selected=true]');
    assert.match(await selected.innerText(), /\d+ of \d+ channels/);
    await screenshot(page, 'prune-review');
    assert.deepEqual(await accessibilityProblems(frame), []);
    assert.deepEqual(await accessibilityProblems(editor), []);
  });

  it('splits layers into factors by a rule, and shows the singular values with the cut', async function () {
    this.timeout(compressTimeoutMs);
    const { page } = workbench;
    await chooseInExplorer(page, workspace.model, /^Compress with Decant/);
    const editor = await modelEditor(page);
    const form = editor.getByRole('form', { name: 'Compress' });
    await form.locator('vscode-dropdown').first().click();
    await form.getByRole('option', { name: 'Decompose', exact: true }).click();
    const target = form.getByRole('group', { name: 'Target' });
    await target.locator('vscode-dropdown').click();
    await form.getByRole('option', { name: 'Layer parameters', exact: true }).click();
    await target.getByRole('textbox', { name: 'Layer parameters' }).fill('0.5');
    // Whether factors are faster depends on the machine; this is about what is shown of them.
    await form.getByText('More options').last().click();
    await form.locator('vscode-checkbox', { hasText: 'Time the factors' }).click();
    // Fitted in many sweeps for every rank: the slowest by far.
    await form.locator('vscode-checkbox', { hasText: /^CP/ }).click();
    await screenshot(page, 'decompose-form');
    await form.getByRole('button', { name: 'Compress', exact: true }).click();
    const frame = await review(page, compressTimeoutMs);
    const section = frame.locator('details').filter({ hasText: /^Decompose: MACs of \d+ layers/ });
    await section.locator('summary').first().click({ timeout: compressTimeoutMs });
    await section.getByRole('img', { name: /^Singular values/ }).first().waitFor();
    assert.ok(readdirSync(workspace.folder).includes(workspace.model.replace(/\.onnx$/, '.decomposed.onnx')));
    const layers = section.getByRole('treegrid', { name: 'Layers and their ranks' }).getByRole('row').filter({ hasText: /\d+\/\d+/ });
    assert.ok((await layers.count()) > 1, 'the layers are listed');
    await section.getByRole('button').first().click();
    await editor.getByRole('heading', { name: 'Factors', exact: true }).waitFor();
    assert.match(await editor.locator('[role=row][aria-selected=true]').innerText(), /rank \d+/);
    await screenshot(page, 'decompose-review');
    assert.deepEqual(await accessibilityProblems(frame), []);
    assert.deepEqual(await accessibilityProblems(editor), []);
  });

  it('says what is wrong with a file that is no model, and offers the log', async () => {
    const { page } = workbench;
    await chooseInExplorer(page, 'broken.onnx', /^Compress with Decant/);
    const toast = notification(page, /broken\.onnx/);
    await toast.waitFor();
    await toast.getByRole('button', { name: 'Show Log' }).waitFor();
    await screenshot(page, 'bad-file');
  });
});
