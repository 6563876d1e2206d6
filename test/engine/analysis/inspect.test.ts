import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { readModel } from '../../../src/engine/ir/codec';
import { int } from '../../../src/engine/ir/attributes';
import type { Model, Node } from '../../../src/engine/ir/model';
import type { ByteSource } from '../../../src/engine/ports';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { inspectModel } from '../../../src/engine/analysis/inspect';
import { bindInputs } from '../../../src/engine/analysis/openDims';
import { nodeFiles } from '../../../src/runtime/files';
import { assetPath, withAssets } from '../../support/assets';

const open = (shape: readonly (number | string | null)[]): Model => makeModel(makeGraph({
  nodes: [makeNode('Relu', ['x'], ['y'])], inputs: [makeValue('x', 'float32', shape)], outputs: [makeValue('y', 'float32', shape)],
}));

describe('inspect', () => {
  it('takes an open first dimension as batch 1 and says so', async () => {
    const report = await inspectModel(open(['N', 4]), { path: 'a.onnx', bytes: 10 });
    assert.equal(report.layers[0]?.activationBytes, 16);
    assert.deepEqual(report.model.inputs, [{ name: 'x', type: 'float32', shape: ['N', 4] }]);
    assert.deepEqual(report.findings.map(({ code, params }) => [code, params]), [['finding.symbolicInput', { input: 'x', dim: 'N', size: 1 }]]);
  });

  it('takes an unnamed first dimension as batch 1', async () => {
    const report = await inspectModel(open([null, 4]), { path: 'a.onnx', bytes: 10 });
    assert.equal(report.layers[0]?.activationBytes, 16);
  });

  it('leaves other open dimensions open: null, not 0', async () => {
    const report = await inspectModel(open(['N', 'H']), { path: 'a.onnx', bytes: 10 });
    assert.equal(report.layers[0]?.activationBytes, null);
    assert.equal(report.totals.peakActivationBytes, null);
    assert.ok(report.findings.some(({ code, severity }) => code === 'finding.openInput' && severity === 'warning'));
  });

  it('takes sizes by name, before the batch of 1', async () => {
    const report = await inspectModel(open(['N', 'H']), { path: 'a.onnx', bytes: 10, dims: { N: 3, H: 5 } });
    assert.equal(report.layers[0]?.activationBytes, 60);
  });

  it('does not take a sequence for a batch', () => {
    assert.deepEqual(bindInputs(open(['sequence', 'batch'])).dims, {});
  });

  it('names operators it does not know', async () => {
    const model = makeModel(makeGraph({
      nodes: [makeNode('Secret', ['x'], ['y'], {}, { domain: 'org.example', name: 'here' })], inputs: [makeValue('x', 'float32', [1])], outputs: [makeValue('y', 'float32', [null])],
    }), { '': 21, 'org.example': 1 });
    const report = await inspectModel(model, { path: 'a.onnx', bytes: 10 });
    assert.equal(report.totals.macs, null);
    assert.deepEqual(report.operators, { 'org.example.Secret': 1 });
    assert.deepEqual(report.findings.map(({ code, node }) => [code, node]), [['finding.unknownShape', 'here'], ['finding.unknownOperator', 'here']]);
  });

  it('tells each broken rule of ONNX once, at its first place', async () => {
    const strange = (input: string, output: string): Node => makeNode('Relu', [input], [output], { strange: int(1) }, { name: output });
    const model = makeModel(makeGraph({
      name: '', nodes: [strange('x', 'a'), strange('a', 'y')], inputs: [makeValue('x', 'float32', [1])], outputs: [makeValue('y', 'float32', [1])],
    }));
    const { findings } = await inspectModel(model, { path: 'a.onnx', bytes: 10 });
    assert.deepEqual(findings.map(({ code, severity, node }) => [code, severity, node]), [['finding.invalidModel', 'warning', undefined], ['finding.invalidNode', 'error', 'a']]);
    assert.match(findings[1]?.text ?? '', /node "a" \(Relu, opset 21\): there is no attribute "strange"\. More places like it: 1\./);
  });

  it('reads no weights', async () => {
    const refuse: ByteSource = { name: 'weights', size: 4e6, read: () => Promise.reject(new Error('read')), close: () => Promise.resolve() };
    const model = makeModel(makeGraph({
      nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
      inputs: [makeValue('x', 'float32', [1, 1000])],
      outputs: [{ name: 'y' }],
      initializers: [
        { name: 'w', type: 'float32', dims: [1000, 1000], data: { encoding: 'raw', at: { source: refuse, offset: 0, length: 4e6 } } },
        tensorFrom('unused', { type: 'float32', dims: [2], data: new Float32Array(2) }),
      ],
    }));
    const report = await inspectModel(model, { path: 'a.onnx', bytes: 4e6 });
    assert.deepEqual([report.totals.parameters, report.totals.weightBytes, report.totals.macs], [1e6, 4e6 + 8, 1e6]);
  });
});

withAssets('inspect on real models', () => {
  const inspect = async (file: string, dims: Readonly<Record<string, number>> = {}): ReturnType<typeof inspectModel> => {
    const source = await nodeFiles.open(assetPath(file));
    const model = await readModel(source, nodeFiles);
    const report = await inspectModel(model, { path: file, bytes: source.size, dims });
    await source.close();
    return report;
  };

  it('resnet20: totals, and rows that add up to them', async () => {
    const report = await inspect('models/resnet20-cifar10.onnx');
    const sum = (pick: (layer: (typeof report.layers)[number]) => number | null): number => report.layers.reduce((total, layer) => total + (pick(layer) ?? NaN), 0);
    assert.deepEqual([sum(({ macs }) => macs), sum(({ parameters }) => parameters), sum(({ weightBytes }) => weightBytes)],
      [report.totals.macs, report.totals.parameters, report.totals.weightBytes]);
    assert.ok(report.totals.weightBytes < report.model.bytes);
    assert.equal(report.operators['Conv'], 19);
    assert.deepEqual(report.model.opsets, { 'ai.onnx': 13 });
    assert.deepEqual(report.layers[0]?.outputs, [{ name: 'Relu_3', type: 'float32', shape: [1, 16, 32, 32] }]);
  });

  it('MACs grow with the batch', async () => {
    const [one, eight] = [await inspect('models/resnet20-cifar10.onnx'), await inspect('models/resnet20-cifar10.onnx', { N: 8 })];
    assert.equal(eight.totals.macs, 8 * (one.totals.macs ?? NaN));
  });

  it('silero: If and LSTM are counted once the sequence has a size', async () => {
    const unknown = await inspect('models/silero_vad_half.onnx');
    const known = await inspect('models/silero_vad_half.onnx', { sequence: 512 });
    assert.equal(unknown.totals.macs, null);
    assert.ok((known.totals.macs ?? 0) > 132_000);
  });
});
