// Rows of the report: layers of before and after meet by origins; shared kernels are named, never counted twice.

import assert from 'node:assert/strict';
import { layerReports, type LayerSources } from '../../../src/engine/report/layerReport';
import type { LayerDescription, ProfiledLayer } from '../../../src/protocol/report';
import { said } from '../../../src/protocol/text/index';

function layer(id: string, extra: Partial<LayerDescription> = {}): LayerDescription {
  return { id, name: id, op: 'Conv', nodes: [id], parameters: 100, weightBytes: 400, macs: 1000, activationBytes: 10, inputs: [], outputs: [], type: 'float32', ...extra };
}

function row(id: string, mean: number, layers?: readonly string[]): ProfiledLayer {
  return { id, op: 'Conv', latency: { mean, p10: mean, p90: mean }, share: 0, provider: 'cpu', ...(layers && { layers }) };
}

function sources(extra: Partial<LayerSources>): LayerSources {
  return { before: [], after: [], origins: new Map(), forms: new Map(), touched: new Map(), latency: null, outputErrors: new Map(), ...extra };
}

describe('layer reports', () => {
  it('finds a renamed layer by its origin', () => {
    const [report] = layerReports(sources({
      before: [layer('a')],
      after: [layer('a_f', { weightBytes: 100, type: 'int8' })],
      origins: new Map([['a_f', ['a']]]),
      forms: new Map([['a', said('form.int8PerChannel')]]),
      touched: new Map([['a', ['quantize.static']]]),
    }));
    assert.equal(report?.after.weightBytes, 100);
    assert.equal(report.after.form.code, 'form.int8PerChannel');
    assert.deepEqual(report.passes, ['quantize.static']);
  });

  it('says what became of layers that are gone', () => {
    const reports = layerReports(sources({
      before: [layer('a'), layer('bn'), layer('dead')],
      after: [layer('a')],
      origins: new Map([['a', ['a', 'bn']]]),
    }));
    assert.deepEqual(reports.map(({ after }) => after.form.code), ['form.unchanged', 'form.merged', 'form.removed']);
    assert.equal(reports[1]?.after.parameters, 0);
  });

  it('tells from the numbers what no pass told', () => {
    const reports = layerReports(sources({
      before: [layer('a'), layer('b'), layer('c')],
      after: [layer('a', { type: 'int8' }), layer('b', { parameters: 50 }), layer('c')],
    }));
    assert.deepEqual(reports.map(({ after }) => after.form.text), ['int8 weights', 'changed', 'unchanged']);
  });

  it('adds the parts of a layer that became several', () => {
    const [report] = layerReports(sources({
      before: [layer('a')],
      after: [layer('a1', { weightBytes: 30, macs: 10 }), layer('a2', { weightBytes: 20, macs: 5 })],
      origins: new Map([['a1', ['a']], ['a2', ['a']]]),
      latency: { before: [row('a', 4)], after: [row('a1', 1), row('a2', 2)] },
    }));
    assert.equal(report?.after.weightBytes, 50);
    assert.equal(report.after.macs, 15);
    assert.equal(report.after.latency?.mean, 3);
  });

  it('gives the time of a shared kernel once and names whom it covers', () => {
    const reports = layerReports(sources({
      before: [layer('a'), layer('b'), layer('c')],
      after: [layer('a'), layer('b'), layer('c')],
      latency: { before: [row('a', 4, ['a', 'b'])], after: [row('a', 1), row('b', 1)] },
    }));
    assert.deepEqual(reports.map(({ before }) => before.latency?.mean ?? null), [4, null, 0]);
    assert.deepEqual(reports[0]?.before.latencyCovers, ['a', 'b']);
    assert.deepEqual(reports.map(({ after }) => after.latency?.mean), [1, 1, 0]);
  });

  it('keeps unknown costs unknown', () => {
    const [report] = layerReports(sources({ before: [layer('a')], after: [layer('a', { macs: null })] }));
    assert.equal(report?.after.macs, null);
  });
});
