// docs/operators.md is what the code does today, and names every operator once.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type CostNote, counted, dataDependent, free } from '../../../bench/core/operators/costNotes';
import { debianFolder, hasDebianCases } from '../../../bench/core/operators/debian';
import { operatorsDoc } from '../../../scripts/operatorsDoc';
import { macsKind } from '../../../src/engine/analysis/costMacs';
import { operatorsByDomain } from '../../../src/engine/ir/shapes/index';

describe('docs/operators.md', () => {
  it('is fresh', async function () {
    if (!hasDebianCases) {
      console.warn(`SKIPPED: ${debianFolder} is not there (apt-get install libonnx-testdata).`);
      this.skip();
    }
    assert.equal(readFileSync('docs/operators.md', 'utf8'), await operatorsDoc(), 'run "npx tsx scripts/operatorsDoc.ts"');
  }).timeout(60_000);

  it('says of every operator whether its work is counted, as the code does', () => {
    const kinds: Readonly<Record<string, readonly CostNote[]>> = { formula: counted, unknown: dataDependent, none: free };
    const noted = Object.entries(kinds).flatMap(([kind, notes]) => notes.flatMap(({ operators }) => operators.map((operator) => `${operator} ${kind}`)));
    const known = new Set([...operatorsByDomain].flatMap(([domain, operators]) => operators.map((operator) => `${operator} ${macsKind(domain, operator)}`)));
    assert.deepEqual([...noted].sort(), [...known].sort());
  });
});
