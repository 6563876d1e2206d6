// A model as text in VS Code: read-only, deltas behind the layers, a hover that explains them, and the way to the editor.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { CompareReport } from '../../../src/protocol/report';
import { said } from '../../../src/protocol/text/index';
import { deltaLine } from '../../../src/host/text/layerDelta';
import { createJobCenter } from '../../../src/host/jobs/jobCenter';
import { createModelTexts } from '../../../src/host/text/modelTexts';
import { textUri } from '../../../src/host/text/textUri';
import { report as resnetReport } from '../../webview/support/fixtures';
import { fakeClient, modelInWorkspace, runningHost, until } from './support';

const [anyLayer] = resnetReport.layers;
assert.ok(anyLayer);
const measured = (mean: number): { mean: number; p10: number; p90: number } => ({ mean, p10: mean * 0.9, p90: mean * 1.1 });

/** A layer that lost three quarters of its bytes and four fifths of its time. */
function deltaOf(id: string): CompareReport['layers'][number] {
  return {
    ...anyLayer as CompareReport['layers'][number], id,
    before: { parameters: 250, weightBytes: 1000, macs: 1, latency: measured(0.52) },
    after: { parameters: 250, weightBytes: 260, macs: 1, latency: measured(0.11), form: said('form.pruned', { kept: 24, total: 32, kind: 'form.units.channels' }) },
    outputError: { sqnrDb: 38.2, cosine: 0.9999 },
  };
}

async function hintsOf(document: vscode.TextDocument): Promise<vscode.InlayHint[]> {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  return vscode.commands.executeCommand('vscode.executeInlayHintProvider', document.uri, whole);
}

function labelOf({ label }: vscode.InlayHint): string {
  return typeof label === 'string' ? label : label.map(({ value }) => value).join('');
}

describe('a model as text', () => {
  let model: vscode.Uri;
  let document: vscode.TextDocument;
  before(async () => {
    model = await modelInWorkspace();
    await vscode.commands.executeCommand('decant.showText', model);
    document = await vscode.workspace.openTextDocument(textUri(model.fsPath));
  });
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('opens by command, in ONNX\'s syntax, and cannot be edited', async () => {
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), document.uri.toString());
    assert.equal(document.languageId, 'onnx-text');
    assert.match(document.getText(), /^<\n\s+ir_version: \d+,/);
    assert.match(document.getText(), / = Conv </);
    assert.match(document.getText(), /\{\.\.\.\}/);
    const text = document.getText();
    await vscode.window.activeTextEditor?.edit((change) => change.insert(new vscode.Position(0, 0), 'x'));
    assert.equal(document.getText(), text);
  });

  it('lists its layers in the outline and folds header and weights', async () => {
    const host = await runningHost();
    const inspected = await host.models.inspect(model.fsPath);
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    assert.deepEqual(symbols.map(({ name }) => name).sort(), inspected.layers.map(({ name }) => name).sort());
    for (const { name, detail, range } of symbols) assert.ok(document.lineAt(range.start.line).text.includes(` = ${detail}`), name);
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    for (const { start } of folds) assert.equal(document.lineAt(start).text, '<');
    assert.equal(folds.length, 2);
  });

  it('says the way to the editor on a layer without a report, and trusts no other command', async () => {
    const [symbol] = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(symbol?.range.start.line ?? 0, 6));
    const [content] = hover?.contents ?? [];
    assert.ok(content instanceof vscode.MarkdownString);
    assert.match(content.value, /\(command:decant\.selectLayer\?/);
    assert.deepEqual(content.isTrusted, { enabledCommands: ['decant.selectLayer'] });
  });

  it('shows the deltas of the newest report behind each layer, as soon as it is there', async () => {
    const host = await runningHost();
    const { layers } = await host.texts.of(model.fsPath);
    const file = vscode.Uri.joinPath(model, '..', 'inline.report.json');
    const report = { ...resnetReport, inputs: { [model.fsPath]: '' }, layers: layers.map(({ id }) => deltaOf(id)) };
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(report)));
    try {
      await host.reports.add(file.fsPath);
      await until('the hints', async () => (await hintsOf(document)).length === layers.length);
      const [hint] = await hintsOf(document);
      assert.ok(hint);
      assert.equal(labelOf(hint), '−74 % size · −0.410 ms · 38.2 dB');
      const before = document.lineAt(hint.position.line).text.slice(0, hint.position.character);
      assert.match(before, / = \w+$/);
      const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, hint.position);
      const [content] = hover?.contents ?? [];
      assert.ok(content instanceof vscode.MarkdownString);
      for (const part of ['24 of 32 channels', '1.00 kB', '260 B', '0.520 ms', '0.110 ms', '38.2 dB', 'inline.report.json']) assert.ok(content.value.replaceAll('\\', '').replaceAll('&nbsp;', ' ').includes(part), part);
    } finally {
      await vscode.workspace.fs.delete(file);
    }
  });

  it('leads to the layer in the model editor by the link of the hint', async () => {
    const host = await runningHost();
    const { layers } = await host.texts.of(model.fsPath);
    await vscode.commands.executeCommand('decant.selectLayer', model, layers[1]?.id);
    await until('the editor opening', () => host.editors.isOpen(model.fsPath));
    await vscode.commands.executeCommand('decant.showText', model, layers[1]?.id);
    await until('the layer being shown', () => vscode.window.activeTextEditor?.selection.active.line === layers[1]?.line);
  });

  it('is read again when the file changes', async () => {
    const copy = vscode.Uri.joinPath(model, '..', 'changing.onnx');
    await writeFile(copy.fsPath, await readFile(model.fsPath));
    try {
      await vscode.commands.executeCommand('decant.showText', copy);
      const shown = await vscode.workspace.openTextDocument(textUri(copy.fsPath));
      const bytes = await readFile(copy.fsPath);
      // The name of the graph's input is in the file more than once; any other byte of a name will do as well.
      const at = bytes.indexOf('conv1');
      assert.ok(at > 0, 'the model has a tensor named conv1…');
      bytes.write('konv1', at);
      await writeFile(copy.fsPath, bytes);
      await until('the new text', () => shown.getText().includes('konv1'));
    } finally {
      await vscode.workspace.fs.delete(copy);
    }
  });

  it('refuses what is no model, and opens nothing', async () => {
    const broken = vscode.Uri.joinPath(model, '..', 'noModel.onnx');
    await vscode.workspace.fs.writeFile(broken, new TextEncoder().encode('no model'));
    try {
      const host = await runningHost();
      await assert.rejects(host.texts.of(broken.fsPath), (error: { data?: { code?: string } }) => error.data?.code === 'notOnnx');
      await vscode.commands.executeCommand('decant.showText', broken);
      assert.equal(vscode.workspace.textDocuments.some(({ uri }) => uri.toString() === textUri(broken.fsPath).toString()), false);
    } finally {
      await vscode.workspace.fs.delete(broken);
    }
  });
});

describe('a text that is too long', () => {
  it('says how much is not shown, and how to see it', async () => {
    const cut = { text: '<\n', linesLeftOut: 7, layers: [], blocks: [] };
    const { client, jobs } = fakeClient();
    const { log } = await runningHost();
    // Without trust: reading a model needs none.
    const texts = createModelTexts(createJobCenter({ clients: { of: () => Promise.resolve(client) }, log, storage: '', isTrusted: () => false }));
    const reading = texts.of('/m/large.onnx');
    await until('the job starting', () => jobs.length === 1);
    jobs[0]?.finish(cut);
    assert.match((await reading).text, /^<\n# 7 more lines .* "decant inspect large\.onnx --text"/);
    texts.dispose();
  });
});

describe('the line of deltas', () => {
  const layer = deltaOf('x');
  it('leaves out what is not known', () => {
    assert.equal(deltaLine({ ...layer, outputError: null }), '−74 % size · −0.410 ms');
    assert.equal(deltaLine({ ...layer, before: { ...layer.before, weightBytes: 0, latency: null } }), '38.2 dB');
  });

  it('claims no change of latency where the spreads overlap', () => {
    const slow = { mean: 0.53, p10: 0.4, p90: 0.7 };
    assert.equal(deltaLine({ ...layer, after: { ...layer.after, latency: slow } }), '−74 % size · ≈ +0.010 ms · 38.2 dB');
  });
});
