// docs/pruning-operators.md is what the rule table does today.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pruningDoc } from '../../../../scripts/pruningDoc';
import { pruningNotes, runtimePruningNotes } from '../../../../scripts/pruningNotes';
import { dependencyEntries } from '../../../../src/engine/analysis/dependencies/table';

describe('docs/pruning-operators.md', () => {
  it('is fresh', () => {
    assert.equal(readFileSync('docs/pruning-operators.md', 'utf8'), pruningDoc(), 'run "npx tsx scripts/pruningDoc.ts"');
  });

  it('remarks on operators that have an entry', () => {
    const unknown = (domain: string, notes: typeof pruningNotes): readonly string[] =>
      notes.flatMap(({ operators }) => operators).filter((operator) => !dependencyEntries(domain).has(operator));
    assert.deepEqual(unknown('', pruningNotes), []);
    assert.deepEqual(unknown('com.microsoft', runtimePruningNotes), []);
  });
});
