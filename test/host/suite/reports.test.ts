import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { rankData } from '../../../src/host/data/dataCandidates';
import { isReport } from '../../../src/host/reports/readReport';
import { reportModels, sideOf } from '../../../src/host/reports/reportModels';
import { report } from '../../webview/support/fixtures';
import { modelInWorkspace, runningHost, until } from './support';

describe('reports', () => {
  it('are found beside their model after the folder has moved', () => {
    const models = reportModels(report, '/moved/resnet20-cifar10.int8.report.json', (file) => file.startsWith('/moved/'));
    assert.deepEqual(models, { before: '/moved/resnet20-cifar10.onnx', after: '/moved/resnet20-cifar10.int8.onnx' });
    assert.equal(sideOf(models, '/moved/resnet20-cifar10.int8.onnx'), 'after');
    assert.equal(sideOf(models, '/elsewhere.onnx'), undefined);
  });

  it('are told from other JSON', () => {
    assert.equal(isReport(report), true);
    assert.equal(isReport({ ...report, layers: [{ id: 'x' }] }), false);
    assert.equal(isReport({ ...report, steps: [{ pass: 'prune.channels', importance: [{ layer: 'conv1', values: ['much'] }] }] }), false);
    const factors = { layer: 'conv1', method: 'tucker', modes: [{ name: 'inputs', kept: 4, full: 16, values: [1, 0.5] }], parameters: [496, 149], macs: null, latency: [0.04, 0.02], weightError: 0.05, activationError: null };
    assert.equal(isReport({ ...report, steps: [{ pass: 'decompose', factors: [factors] }] }), true);
    for (const wrong of [{ method: 'qr' }, { modes: [{ name: 'rank', kept: 4, full: 16 }] }, { parameters: [496] }, { macs: 'few' }, { weightError: null }]) {
      assert.equal(isReport({ ...report, steps: [{ pass: 'decompose', factors: [{ ...factors, ...wrong }] }] }), false, JSON.stringify(wrong));
    }
    assert.equal(isReport({ ...report, steps: [{ pass: 'finetune', training: { epochs: 3 } }] }), false);
    assert.equal(isReport({ version: 1 }), false);
    assert.equal(isReport(null), false);
  });

  it('appear in the review when a file is opened, and give their deltas to the editor', async () => {
    const host = await runningHost();
    const model = await modelInWorkspace();
    const file = vscode.Uri.joinPath(model, '..', 'seen.report.json');
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify({ ...report, inputs: { [model.fsPath]: '' } })));
    try {
      await vscode.commands.executeCommand('decant.openReport', file);
      await until('the report being shown', () => host.review.shown()?.metricName === 'top1');
      assert.equal(host.reports.reviewOf(model.fsPath)?.side, 'before');
      assert.equal(host.reports.entries().some(({ name }) => name === path.basename(file.fsPath)), true);
    } finally {
      await vscode.workspace.fs.delete(file);
    }
  });
});

describe('data offered for a model', () => {
  it('starts with what shares words with its name', () => {
    assert.deepEqual(rankData('/m/resnet20-cifar10.onnx', ['/d/mnist.json', '/d/cifar10.json', '/m/other.json']), ['/d/cifar10.json', '/m/other.json', '/d/mnist.json']);
  });
});
