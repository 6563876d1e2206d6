// That outcomes of passes are checked in tests at all (test/support/checkedPasses.ts).

import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { Model } from '../../../../src/engine/ir/model';
import { passes } from '../../../../src/engine/passes/registry';
import { assertStillValid } from '../../../support/checkedPasses';
import { passContext } from '../../../support/passContext';

const relu = (input: string): Model => makeModel(makeGraph({
  nodes: [makeNode('Relu', [input], ['y'])], inputs: [makeValue('x', 'float32', [1])], outputs: [makeValue('y', 'float32', [1])],
}));

describe('checked passes', () => {
  it('refuse what a pass broke, not what was broken', async () => {
    await assert.rejects(assertStillValid(relu('x'), relu('nowhere'), 'a pass'), /a pass made an invalid model/);
    await assertStillValid(relu('nowhere'), relu('nowhere'), 'a pass');
  });

  it('are all passes, as soon as a test has a context', () => {
    assert.ok(passContext().runtime);
    assert.deepEqual(passes.map((pass) => pass.run.bind(pass).name), passes.map(() => 'bound checked'));
  });
});
