import assert from 'node:assert/strict';
import { joinForms } from '../../../src/engine/passes/joinForms';
import { say, said } from '../../../src/protocol/text/index';

describe('forms of a layer by one pass after another', () => {
  const pruned = said('form.pruned', { kept: 40, total: 64, kind: 'form.units.channels' });
  const int8 = said('form.int8PerChannel');

  it('keep the width that is left beside what later passes did to the numbers, in both languages', () => {
    const both = joinForms(pruned, int8);
    assert.equal(both.text, '40 of 64 channels, int8 per channel');
    assert.equal(say(both.code, both.params, 'zh-cn'), '保留 64 个通道中的 40 个，逐通道 int8');
    assert.equal(joinForms(joinForms(pruned, said('form.sparse', { share: '50 %' })), int8).text, '40 of 64 channels, int8 per channel');
    assert.equal(joinForms(said('form.sparse', { share: '50 %' }), int8).text, '50 % zeros, int8 per channel');
  });

  it('are not touched by what says less', () => {
    assert.equal(joinForms(pruned, said('form.trained')), pruned);
    assert.equal(joinForms(pruned, said('form.unchanged')), pruned);
    assert.equal(joinForms(pruned, said('form.prunedInput', { kept: 3, total: 4, kind: 'form.units.channels' })), pruned);
    assert.equal(joinForms(undefined, pruned), pruned);
    assert.equal(joinForms(said('form.float'), pruned), pruned);
  });

  it('count from the first width where pruning comes twice, and end with what ends the layer', () => {
    const again = said('form.pruned', { kept: 24, total: 40, kind: 'form.units.channels' });
    assert.equal(joinForms(pruned, again).text, '24 of 64 channels');
    const removed = said('form.removed');
    assert.equal(joinForms(pruned, removed), removed);
    assert.equal(joinForms(joinForms(pruned, int8), removed), removed);
    assert.equal(joinForms(int8, said('form.float')).code, 'form.float');
  });
});
