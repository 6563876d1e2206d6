import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LayerFactors } from '../../src/protocol/report';
import type { CutCurve } from '../../webview/logic/cutCurve';
import { factoredSteps, factorsByLayer, modeCurve, modeEntries, mostSaved, rankShare, savedBy, spectrumShape } from '../../webview/logic/factors';
import { layerRows } from '../../webview/logic/layerRows';
import { factoredReport, layerFactors, report, resnet } from './support/fixtures';

const spectra: fc.Arbitrary<CutCurve> = fc.integer({ min: 1, max: 200 }).chain((total) =>
  fc.record({
    total: fc.constant(total), kept: fc.integer({ min: 1, max: total }),
    values: fc.array(fc.double({ min: -20, max: 0, noNaN: true }), { minLength: Math.min(64, total), maxLength: Math.min(64, total) })
      .map((exponents) => exponents.sort((a, b) => b - a).map((exponent) => (exponent < -18 ? 0 : 10 ** exponent))),
  }));

describe('the shape of a spectrum', () => {
  it('lies in its box, falls, and is cut in two where values are left out', () => {
    fc.assert(fc.property(spectra, (curve) => {
      const { removed, kept, cut, tenths } = spectrumShape(curve, 100, 40);
      const places = [...kept, ...removed];
      assert.ok(places.length >= 2 && places.every(([x, y]) => x >= 0 && x <= 100 && y >= 0 && y <= 40));
      for (const [index, [x, y]] of places.entries()) {
        const [beforeX, beforeY] = places[index - 1] ?? [0, 0];
        assert.ok(x >= beforeX && y >= beforeY - 1e-9, 'values fall from left to right');
      }
      assert.equal(cut === null, curve.kept === curve.total);
      if (cut !== null) assert.deepEqual([kept.at(-1), removed[0]?.[0]], [removed[0], cut], 'both parts meet at the cut');
      assert.ok(tenths.length <= 5 && tenths.every((y) => y > 0 && y < 40));
    }));
  });

  it('takes a logarithmic scale where values span orders of magnitude', () => {
    const curve = { total: 4, kept: 2, values: [1, 0.1, 0.01, 0.001] };
    // Ranks stand at 0, 30, 60 and 90; each is a tenth of the one before.
    assert.deepEqual(spectrumShape(curve, 90, 30), { kept: [[0, 0], [30, 10], [45, 15]], removed: [[45, 15], [60, 20], [90, 30]], cut: 45, tenths: [10, 20] });
  });

  it('takes a linear scale where they do not', () => {
    const { kept, tenths } = spectrumShape({ total: 3, kept: 3, values: [1, 0.5, 0.25] }, 100, 40);
    assert.deepEqual([kept, tenths], [[[0, 0], [50, 20], [100, 30]], []]);
  });

  it('ends at rounding errors, however small the rest is', () => {
    const { removed, tenths } = spectrumShape({ total: 3, kept: 1, values: [1, 1e-12, 0] }, 100, 60);
    assert.deepEqual([removed.at(-2)?.[1], removed.at(-1)?.[1], tenths.length], [60, 60, 5]);
  });

  it('survives numbers that no pass writes', () => {
    for (const values of [[], [0], [0, 0]]) {
      const { kept, removed } = spectrumShape({ total: 2, kept: 1, values }, 100, 40);
      assert.ok([...kept, ...removed].every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)));
    }
  });
});

describe('factors in a report', () => {
  const [tucker, spatial, cp] = layerFactors(3);

  it('belong to the layer they stand for, and to no other', () => {
    assert.equal(factorsByLayer(factoredReport).size, 12);
    const rows = layerRows(resnet, null, { name: 'r', side: 'before', report: factoredReport });
    assert.deepEqual(rows.map(({ factors }) => factors.length), rows.map((_, index) => (index < 12 ? 1 : 0)));
    assert.deepEqual(factoredSteps(report), [], 'pruning has none');
  });

  it('add up: MACs, or parameters where the MACs of one layer are not known', () => {
    const pair = (macs: LayerFactors['macs']): LayerFactors => ({ ...tucker ?? assert.fail(), macs, parameters: [10, 4] });
    assert.deepEqual(savedBy([pair([100, 40]), pair([50, 10])]), { figure: 'macs', before: 150, after: 50 });
    assert.deepEqual(savedBy([pair([100, 40]), pair(null)]), { figure: 'parameters', before: 20, after: 8 });
    const all = [pair([100, 90]), pair([50, 10]), pair([60, 20])];
    assert.equal(mostSaved(all), all[1]);
    assert.equal(mostSaved([]), undefined);
  });

  it('say how much of the ranks stayed, and where each curve is cut', () => {
    assert.ok(tucker !== undefined && spatial !== undefined && cp !== undefined);
    assert.deepEqual([tucker, spatial].map(rankShare), [0.125, 0.25]);
    const [inputs] = tucker.modes.map((mode) => modeEntries(modeCurve(tucker, mode)));
    assert.deepEqual(inputs?.map(({ stayed }) => stayed), Array.from({ length: 16 }, (_, rank) => rank < 4));
    assert.deepEqual(cp.modes.map((mode) => modeCurve(cp, mode)).map(({ kept, total }) => [kept, total]), [[4, 4]], 'CP has no components beyond its rank');
  });
});
