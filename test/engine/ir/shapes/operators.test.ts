// Every output type and shape that the operator tests' own data shows: those of Debian's libonnx-testdata (to opset 17)
// and those of PyPI's onnx (opset 18 and later). Open is allowed where a reason stands in the table, wrong never.

import assert from 'node:assert/strict';
import { debianCases, debianFolder, hasDebianCases } from '../../../../bench/core/operators/debian';
import { type Judgement, judge } from '../../../../bench/core/operators/judge';
import { onnxCases } from '../../../../bench/core/operators/onnxCases';
import { reasonOf } from '../../../../bench/core/operators/reasons';

function assertSound(judgements: readonly Judgement[]): void {
  const wrong = judgements.filter(({ byShapes, byValues }) => byShapes === 'wrong' || byValues === 'wrong');
  assert.deepEqual(wrong.map(({ name, details }) => [name, ...details]), []);
  const lost = judgements.filter(({ byShapes, byValues }) => byShapes === 'exact' && byValues !== 'exact');
  assert.deepEqual(lost.map(({ name, details }) => [name, ...details]), [], 'knowing more never tells less');
  const unexplained = judgements.filter(({ byValues, operators }) => byValues === 'open' && reasonOf(operators) === undefined);
  assert.deepEqual(unexplained.map(({ name, details }) => [name, ...details]), []);
}

describe('shape inference on operator tests', () => {
  it('agrees with the data of every case of the onnx package', async () => {
    const judgements: Judgement[] = [];
    for (const subject of onnxCases().cases) judgements.push(await judge(subject));
    assertSound(judgements);
    assert.equal(judgements.length, 1396);
    // Measured; may rise.
    assert.ok(judgements.filter(({ byShapes }) => byShapes === 'exact').length >= 1143);
    assert.ok(judgements.filter(({ byValues }) => byValues === 'exact').length >= 1371);
  }).timeout(60_000);

  it('agrees with the data of every model of libonnx-testdata', async function () {
    if (!hasDebianCases) {
      console.warn(`SKIPPED: ${debianFolder} is not there (apt-get install libonnx-testdata).`);
      this.skip();
    }
    const judgements: Judgement[] = [];
    for await (const subject of debianCases()) judgements.push(await judge(subject));
    assertSound(judgements);
    assert.equal(judgements.length, 1072);
    assert.ok(judgements.filter(({ byShapes }) => byShapes === 'exact').length >= 928);
    assert.ok(judgements.filter(({ byValues }) => byValues === 'exact').length >= 1037);
  }).timeout(60_000);
});
