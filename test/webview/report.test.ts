import assert from 'node:assert/strict';
import type { LayerReport } from '../../src/protocol/report';
import { gainCounts, gainOf, layerChange } from '../../src/protocol/changes';
import { rowDeltasFit, layerRows, rowMaxima, rowValue } from '../../webview/logic/layerRows';
import { outcomeRows } from '../../webview/logic/outcome';
import { profile, report, resnet } from './support/fixtures';

describe('what a report says of a layer', () => {
  const [layer] = report.layers;
  assert.ok(layer);
  const timed = (p10: number, p90: number): LayerReport => ({ ...layer, before: { ...layer.before, latency: { mean: 1, p10: 0.9, p90: 1.1 } }, after: { ...layer.after, latency: { mean: (p10 + p90) / 2, p10, p90 } } });

  it('is faster or slower only where the spreads do not touch', () => {
    assert.equal(gainOf(timed(0.4, 0.6)), 'faster');
    assert.equal(gainOf(timed(1.2, 1.4)), 'slower');
    assert.equal(gainOf(timed(0.7, 0.95)), 'unclear');
    assert.equal(gainOf({ ...layer, after: { ...layer.after, latency: null } }), 'unmeasured');
    const outlier = timed(0.4, 0.6);
    assert.equal(gainOf({ ...outlier, after: { ...outlier.after, latency: { mean: 3, p10: 0.4, p90: 0.6 } } }), 'unclear');
  });

  it('has no size change without weights', () => {
    assert.equal(layerChange({ ...layer, before: { ...layer.before, weightBytes: 0 } }).bytes, null);
  });

  it('counts every layer once', () => {
    assert.equal(Object.values(gainCounts(report)).reduce((sum, count) => sum + count, 0), report.layers.length);
  });
});

describe('totals of a report', () => {
  const rowOf = (of: typeof report, figure: string): ReturnType<typeof outcomeRows>[number] => {
    const row = outcomeRows(of).find((candidate) => candidate.figure === figure);
    assert.ok(row);
    return row;
  };

  it('colours by the verdict, not by the number', () => {
    assert.deepEqual(
      [rowOf(report, 'size').tone, rowOf(report, 'latency').tone, rowOf(report, 'metric').tone],
      ['good', 'good', 'none'],
    );
    assert.equal(rowOf(report, 'metric').change, '−0.14 pp');
    assert.deepEqual(rowOf(report, 'metric').interval, { low: '−0.34', high: '+0.06 pp' });
  });

  it('shows a dash where nothing was measured', () => {
    const unmeasured = { ...report, metricName: null, before: { ...report.before, metric: null, latency: null }, after: { ...report.after, metric: null, latency: null }, delta: { ...report.delta, metric: null, latency: null } };
    assert.deepEqual([rowOf(unmeasured, 'latency').before, rowOf(unmeasured, 'latency').change], ['–', '–']);
    assert.deepEqual([rowOf(unmeasured, 'metric').after, rowOf(unmeasured, 'metric').change], ['–', '–']);
  });
});

describe('rows of the layer table', () => {
  it('show deltas only where the report knows most layers', () => {
    const review = { name: 'r', side: 'after', report } as const;
    assert.equal(rowDeltasFit(layerRows(resnet, null, review)), true);
    const renamed = { ...resnet, layers: resnet.layers.map((layer, index) => (index % 3 === 0 ? layer : { ...layer, id: `${layer.id}_sums` })) };
    assert.equal(rowDeltasFit(layerRows(renamed, null, review)), false);
    assert.equal(rowDeltasFit(layerRows(resnet, null, null)), false);
  });

  it('join inspection, profile and report by layer id', () => {
    const rows = layerRows(resnet, profile, { name: 'r', side: 'before', report });
    assert.equal(rows.length, resnet.layers.length);
    const [first] = rows;
    assert.ok(first);
    assert.equal(first.profiled?.id, first.layer.id);
    assert.equal(first.report?.id, first.layer.id);
    assert.ok(rowMaxima(rows).macs >= (first.layer.macs ?? 0));
    assert.equal(rowValue(first, 'form'), 'int8 per channel');
  });

  it('put the time of a fused piece on its first layer and name it on the others', () => {
    const [a, b] = resnet.layers;
    assert.ok(a && b);
    const fused = { ...profile, layers: [{ id: 'piece', op: 'Conv', latency: { mean: 1, p10: 1, p90: 1 }, share: 1, provider: 'cpu', layers: [a.id, b.id] }] };
    const [first, second] = layerRows(resnet, fused, null);
    assert.equal(first?.profiled?.latency.mean, 1);
    assert.equal(second?.profiled, null);
    assert.equal(second.measuredWith, a.id);
  });
});
