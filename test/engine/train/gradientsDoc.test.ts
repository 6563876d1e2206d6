// docs/gradients.md is what the rule table does today, and gives a reason for every refused operator.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { refusals, remarks, runtimeRemarks } from '../../../scripts/gradientNotes';
import { gradientsDoc } from '../../../scripts/gradientsDoc';
import { gradientKinds } from '../../../src/engine/train/gradient/table';

describe('docs/gradients.md', () => {
  it('is fresh', () => {
    assert.equal(readFileSync('docs/gradients.md', 'utf8'), gradientsDoc(), 'run "npx tsx scripts/gradientsDoc.ts"');
  });

  it('says of every refused operator why, once', () => {
    const refused = [...gradientKinds('')].filter(([, kind]) => kind === 'refused').map(([operator]) => operator);
    assert.deepEqual(refusals.flatMap(({ operators }) => operators).sort(), refused.sort());
  });

  it('remarks on operators that have a gradient', () => {
    const has = (domain: string, operator: string): boolean => ['rule', 'rewrite'].includes(gradientKinds(domain).get(operator) ?? '');
    assert.deepEqual(remarks.flatMap(({ operators }) => operators).filter((operator) => !has('', operator)), []);
    assert.deepEqual(runtimeRemarks.flatMap(({ operators }) => operators).filter((operator) => !has('com.microsoft', operator)), []);
  });
});
