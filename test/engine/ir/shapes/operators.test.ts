// Every output type and shape that the operator tests' own data shows: those of Debian's libonnx-testdata (to opset 17)
// and those of PyPI's onnx (opset 18 and later). Open is allowed where a reason stands in the table, wrong never.

import assert from 'node:assert/strict';
import { debianFolder, hasDebianCases } from '../../../../bench/core/operators/debian';
import type { Judgement } from '../../../../bench/core/operators/judge';
import { reasonOf } from '../../../../bench/core/operators/reasons';
import { debianSource, survey, type Survey } from '../../../../bench/core/operators/survey';

function assertSound(judgements: readonly Judgement[]): void {
  const wrong = judgements.filter(({ byShapes, byValues }) => byShapes === 'wrong' || byValues === 'wrong');
  assert.deepEqual(wrong.map(({ name, details }) => [name, ...details]), []);
  const lost = judgements.filter(({ byShapes, byValues }) => byShapes === 'exact' && byValues !== 'exact');
  assert.deepEqual(lost.map(({ name, details }) => [name, ...details]), [], 'knowing more never tells less');
  const unexplained = judgements.filter(({ byValues, operators }) => byValues === 'open' && reasonOf(operators) === undefined);
  assert.deepEqual(unexplained.map(({ name, details }) => [name, ...details]), []);
}

/** Measured when the table was written; may rise, must not fall. */
const reached = {
  onnx: { cases: 1396, byShapes: 1143, byValues: 1371 },
  debian: { cases: 1072, byShapes: 928, byValues: 1037 },
};

describe('shape inference on operator tests', () => {
  it('agrees with the data of every case of the onnx package', async () => {
    check((await survey()).find(({ source }) => source.startsWith('onnx ')), reached.onnx);
  }).timeout(120_000);

  it('agrees with the data of every model of libonnx-testdata', async function () {
    if (!hasDebianCases) {
      console.warn(`SKIPPED: ${debianFolder} is not there (apt-get install libonnx-testdata).`);
      this.skip();
    }
    check((await survey()).find(({ source }) => source === debianSource), reached.debian);
  }).timeout(120_000);
});

function check(found: Survey | undefined, { cases, byShapes, byValues }: (typeof reached)['onnx']): void {
  assert.ok(found);
  assertSound(found.judgements);
  assert.equal(found.judgements.length, cases);
  assert.ok(found.byShapes.exact >= byShapes, `${found.byShapes.exact} exact by shapes`);
  assert.ok(found.byValues.exact >= byValues, `${found.byValues.exact} exact by values`);
}
