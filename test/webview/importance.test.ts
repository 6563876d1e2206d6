import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ImportanceCurve } from '../../src/protocol/report';
import { curvesByLayer, curveShape, curveUnits, keptByKind, mostPruned, prunedSteps } from '../../webview/logic/importance';
import { layerRows } from '../../webview/logic/layerRows';
import { importanceCurves, report, resnet } from './support/fixtures';

const curves: fc.Arbitrary<ImportanceCurve> = fc.integer({ min: 1, max: 200 }).chain((total) =>
  fc.record({
    layer: fc.constant('conv'), kind: fc.constantFrom('channels', 'heads', 'neurons', 'hidden'), criterion: fc.constant('l2'), total: fc.constant(total), kept: fc.integer({ min: 0, max: total }),
    values: fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: Math.min(64, total), maxLength: Math.min(64, total) }).map((values) => values.sort((a, b) => a - b)),
  }));

describe('the shape of an importance curve', () => {
  it('lies in its box, rises, and is cut in two where units went', () => {
    fc.assert(fc.property(curves, (curve) => {
      const { removed, kept, cut, mean } = curveShape(curve, 100, 40);
      const places = [...removed, ...kept];
      assert.ok(places.length >= 2 && places.every(([x, y]) => x >= 0 && x <= 100 && y >= -1e-9 && y <= 40 + 1e-9));
      for (const [index, [x, y]] of places.entries()) {
        const [beforeX, beforeY] = places[index - 1] ?? [0, 40];
        assert.ok(x >= beforeX && y <= beforeY + 1e-9, 'importance rises from left to right');
      }
      assert.equal(removed.length > 0, curve.kept < curve.total);
      assert.equal(kept.length > 0, curve.kept > 0);
      assert.equal(cut !== null, curve.kept > 0 && curve.kept < curve.total);
      if (cut !== null) assert.deepEqual([removed.at(-1), kept[0]?.[0]], [kept[0], cut], 'both parts meet at the cut');
      assert.ok(mean >= 0 && mean <= 40);
    }));
  });

  it('is cut between the last unit that went and the first that stayed', () => {
    const curve: ImportanceCurve = { layer: 'conv', kind: 'channels', criterion: 'l2', total: 5, kept: 2, values: [0, 0.5, 1, 1.5, 2] };
    // Units stand at 0, 25, 50, 75 and 100; three went.
    const { removed, kept, cut, mean } = curveShape(curve, 100, 40);
    assert.equal(cut, 62.5);
    assert.deepEqual(removed, [[0, 40], [25, 30], [50, 20], [62.5, 15]]);
    assert.deepEqual(kept, [[62.5, 15], [75, 10], [100, 0]]);
    assert.equal(mean, 20);
  });

  it('survives numbers that no pass writes', () => {
    const odd: ImportanceCurve = { layer: 'conv', kind: 'channels', criterion: 'l2', total: 2, kept: 1, values: [] };
    assert.deepEqual(curveShape(odd, 100, 40).kept.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)), true);
    assert.deepEqual(curveUnits(odd), []);
  });
});

describe('the units of an importance curve', () => {
  it('carry their ranks, and as many stay as the curve says', () => {
    fc.assert(fc.property(curves, (curve) => {
      const units = curveUnits(curve);
      assert.equal(units.length, curve.values.length);
      assert.deepEqual([units[0]?.rank, curve.total === 1 ? 1 : units.at(-1)?.rank], [1, curve.total]);
      if (curve.values.length === curve.total) assert.equal(units.filter(({ stayed }) => stayed).length, curve.kept);
      for (const [index, { stayed }] of units.entries()) assert.ok(stayed || units[index - 1]?.stayed !== true, 'the least important go');
    }));
  });
});

describe('importance in a report', () => {
  it('belongs to every layer that makes the units, and to no other', () => {
    const [, second] = importanceCurves(12);
    assert.ok(second?.layers?.length === 2);
    const byLayer = curvesByLayer(report);
    for (const layer of second.layers) assert.ok(byLayer.get(layer)?.some(({ layers }) => layers?.length === 2), layer);
    const rows = layerRows(resnet, null, { name: 'r', side: 'before', report });
    assert.deepEqual(rows.map(({ curves: own }) => own.length), rows.map((_, index) => (index === 3 ? 2 : index < 12 ? 1 : 0)));
    assert.deepEqual(layerRows(resnet, null, null).flatMap(({ curves: own }) => own), []);
  });

  it('adds up by kind, and knows the group that lost most', () => {
    const [step, another] = prunedSteps(report);
    assert.ok(step !== undefined && another === undefined, 'training has no curves');
    const heads: ImportanceCurve = { layer: 'attention', kind: 'heads', criterion: 'l2', total: 4, kept: 3, values: [1, 1, 1, 1] };
    assert.deepEqual(keptByKind([...importanceCurves(2), heads]), [{ kind: 'channels', kept: 36, total: 48 }, { kind: 'heads', kept: 3, total: 4 }]);
    assert.equal(mostPruned(step.curves), step.curves[2]);
    assert.equal(mostPruned([]), undefined);
  });
});
