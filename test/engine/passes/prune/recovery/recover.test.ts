// The losses of recovery after pruning: those of distill, checked before anything runs and handed over as they are.

import assert from 'node:assert/strict';
import { EngineError } from '../../../../../src/engine/error';
import type { PassContext } from '../../../../../src/engine/passes/pass';
import { validateRecipe } from '../../../../../src/engine/passes/recipe';
import { fedByX, convolutional, postActivated } from '../blocks/nets';
import { contextFor, samples } from '../../quantize/staticSupport';
import { runPass } from '../../train/trainSupport';

const pruning = [{ pass: 'prune.channels', macs: 0.5 }, { pass: 'prune.heads' }, { pass: 'prune.blocks' }] as const;

describe('losses of recovery', () => {
  for (const entry of pruning) {
    const recipe = (loss: object): unknown => ({ version: 1, passes: [{ ...entry, recover: { losses: [loss] } }] });

    it(`${entry.pass}: takes them from a recipe with their defaults`, () => {
      const [valid] = validateRecipe(recipe({ loss: 'label' }), { file: 'r.json' }).passes;
      assert.deepEqual((valid?.options['recover'] as { readonly losses?: unknown }).losses, [{ loss: 'label', weight: 1 }]);
    });

    it(`${entry.pass}: refuses an option of another loss and a loss of a later version, with their place`, () => {
      assert.throws(() => validateRecipe(recipe({ loss: 'label', temperature: 2 }), { file: 'r.json' }), (error: unknown) =>
        error instanceof EngineError && error.code === 'invalidRecipe' && error.params['path'] === 'passes[0].recover.losses[0].temperature');
      assert.throws(() => validateRecipe(recipe({ loss: 'hint' }), { file: 'r.json' }), { code: 'optionNotReady' });
    });
  }

  it('reach distill', async () => {
    const model = fedByX(await convolutional([postActivated, postActivated, postActivated]));
    const asked: unknown[] = [];
    const apply: PassContext['apply'] = (id, given, options, { origins = new Map() } = {}) => {
      asked.push([id, options['losses']]);
      return Promise.resolve({ model: given, origins, forms: new Map(), findings: [] });
    };
    for (const pass of ['prune.channels', 'prune.blocks']) {
      await runPass(pass, model, { samples: 8, recover: { epochs: 1, losses: [{ loss: 'label' }] } }, { ...contextFor(model, samples(8, [3, 8, 8])), apply });
    }
    const label = ['distill', [{ loss: 'label', weight: 1 }]];
    assert.deepEqual(asked, [label, label]);
  });
});
