// Limits held against a measured report.

import assert from 'node:assert/strict';
import { checkGoals, goalMissed } from '../../src/cli/goals';
import { errorText } from '../../src/protocol/errors';
import { compareReport } from '../worker/fixtures/fakeResults';

describe('goals', () => {
  it('takes the worsening in the metric\'s own direction', () => {
    const worse = { ...compareReport, metricName: 'mse', delta: { ...compareReport.delta, metric: { value: 0.5, interval: [0, 1], verdict: 'worse' } } } as const;
    assert.equal(checkGoals(compareReport, { maxDrop: 0.01 })[0]?.found, 0.01);
    assert.equal(checkGoals(worse, { maxDrop: 0.1 })[0]?.met, false);
    assert.equal(checkGoals({ ...worse, metricName: './metric.mjs', higherIsBetter: false }, { maxDrop: 0.1 })[0]?.met, false);
    assert.equal(checkGoals({ ...worse, metricName: './metric.mjs', higherIsBetter: true }, { maxDrop: 0.1 })[0]?.met, true);
  });

  it('misses what was not measured', () => {
    const [goal] = checkGoals({ ...compareReport, delta: { ...compareReport.delta, metric: null } }, { maxDrop: 1 });
    assert.ok(goal !== undefined && !goal.met);
    assert.match(errorText(goalMissed(goal)), /the worsening of the metric is not measured, wanted 1/);
  });

  it('holds only what is asked', () => {
    assert.deepEqual(checkGoals(compareReport, {}), []);
    assert.deepEqual(checkGoals(compareReport, { maxLatency: 0.5, maxLatencyRatio: 0.4, maxBytes: 1299 }).map(({ goal, met }) => [goal, met]), [
      ['maxBytes', false], ['maxLatency', true], ['maxLatencyRatio', false],
    ]);
  });
});
