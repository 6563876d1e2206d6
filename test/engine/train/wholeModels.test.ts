// Loss and gradients of every parameter of whole models against PyTorch (fixtures made by `npm run bench -- training-oracle`).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { withAssets } from '../../support/assets';
import { closeAssets } from '../../support/models';
import { fixturePath, oracleCases, type OracleFixture } from '../../support/oracleCases';
import { compareWithOracle, NORM_WISE } from '../../support/wholeGradients';

withAssets('gradients of whole models', () => {
  after(closeAssets);

  for (const oracle of oracleCases) {
    it(`are PyTorch's: ${oracle.name}`, async () => {
      const fixture = JSON.parse(readFileSync(fixturePath(oracle), 'utf8')) as OracleFixture;
      const { loss, largest, gradients, statistics } = await compareWithOracle(oracle, fixture);
      assert.ok(gradients > 0 && statistics === Object.keys(fixture.statistics ?? {}).length);
      assert.ok(Math.abs(loss - fixture.loss) <= NORM_WISE * Math.max(1, fixture.loss), `loss ${loss}, PyTorch has ${fixture.loss}`);
      assert.ok(largest.error <= NORM_WISE, `${largest.tensor} is off by ${largest.error}`);
    }).timeout(60_000);
  }
});
