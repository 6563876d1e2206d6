// prune.heads on real models: half of what a transformer has, importance worth its name, and models that are none.

import assert from 'node:assert/strict';
import { costOf } from '../../../../../src/engine/analysis/cost';
import { findLayers } from '../../../../../src/engine/analysis/layers';
import { bindInputs } from '../../../../../src/engine/analysis/openDims';
import type { Dataset, Split } from '../../../../../src/engine/data/dataset';
import type { Model } from '../../../../../src/engine/ir/model';
import { inferShapes } from '../../../../../src/engine/ir/shapes/index';
import { originalOrigins } from '../../../../../src/engine/passes/origins';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { seededRandom } from '../../../../../src/engine/random';
import { bertBase } from '../../../../../bench/core/macs/networks';
import { withAssets } from '../../../../support/assets';
import { closeAssets, openAsset } from '../../../../support/models';
import { type TrainingCase, trainingCase } from '../../../../support/training';
import { runPass, testAccuracy } from '../../train/trainSupport';

const dims = { sequence: 48 };

async function macsOf(model: Model): Promise<number> {
  const shapes = await inferShapes(model, bindInputs(model, dims));
  return costOf(model.graph, findLayers(model.graph, shapes), shapes).macs ?? NaN;
}

async function prune(model: Model, options: Readonly<Record<string, unknown>>, data?: Dataset, seed = 1): Promise<PassOutcome> {
  return runPass('prune.heads', model, options, { ...(data !== undefined && { data }), origins: await originalOrigins(model), random: seededRandom(seed), dims });
}

/** Heads or neurons that the layers keep. */
const keptOf = ({ importance }: PassOutcome, wanted: string): number => (importance ?? []).reduce((sum, { kind, kept }) => sum + (kind === wanted ? kept : 0), 0);

withAssets('prune.heads on real models', function () {
  this.timeout(120_000);
  let given: TrainingCase;
  before(async () => {
    given = await trainingCase('models/sst2-transformer.onnx', 'data/sst2.json', 512);
  });
  after(async () => {
    await given.data.close();
    await closeAssets();
  });
  /** On phrases, where the model is right in 92 of 100. */
  const accuracyOf = (model: Model): Promise<number> =>
    testAccuracy(model, { ...given.data, splits: new Map([['test', given.data.splits.get('validation') as Split]]) }, 500);

  it('sst2-transformer: half of its heads and neurons are half of its MACs, and it answers nearly as before', async () => {
    const outcome = await prune(given.model, { samples: 128 }, given.data);
    assert.deepEqual([keptOf(outcome, 'heads'), keptOf(outcome, 'neurons')], [8, 1024]);
    const share = await macsOf(outcome.model) / await macsOf(given.model);
    assert.ok(share > 0.48 && share < 0.52, `${share} of the MACs`);
    const [before, after] = [await accuracyOf(given.model), await accuracyOf(outcome.model)];
    assert.ok(after > before - 0.03, `${after} after ${before}`);
    const forms = [...outcome.forms].filter(([layer]) => /layers\.0\/(attention\/(query|output)|intermediate|output)\//u.test(layer)).map(([, { text }]) => text);
    assert.deepEqual(forms.map((text) => text.replace(/\d+ of/u, 'N of')).sort(), ['N of 4 heads', 'N of 512 neurons', 'reads N of 4 heads', 'reads N of 512 neurons']);
    assert.ok(![...outcome.forms.keys()].some((layer) => layer.includes('pooler')));
  });

  it('sst2-transformer: prunes and recovers in two steps', async () => {
    const data = { ...given.data, splits: new Map([['train', given.train]]) };
    const applied: number[] = [];
    const outcome = await runPass('prune.heads', given.model, { heads: 0.5, steps: 2, samples: 32, recover: { epochs: 1 } }, {
      data, dims, origins: await originalOrigins(given.model),
      apply: async (id, model, options, inner) => {
        assert.equal(id, 'distill');
        assert.equal(inner?.original, given.model);
        assert.deepEqual(options['epochs'], 1);
        applied.push(await macsOf(model));
        return { model, origins: inner?.origins ?? new Map(), forms: new Map(), findings: [] };
      },
    });
    assert.equal(applied.length, 2);
    assert.ok((applied[0] ?? 0) > (applied[1] ?? 0));
    assert.equal(keptOf(outcome, 'heads'), 8);
  });

  it('bert-base: every block loses half of its 12 heads and 3072 neurons, in seconds', async () => {
    const model = bertBase();
    const outcome = await prune(model, { scope: 'uniform', criterion: 'random' });
    const widths = (outcome.importance ?? []).map(({ kind, kept, total }) => `${kept} of ${total} ${kind}`);
    assert.deepEqual([...new Set(widths)].sort(), ['1536 of 3072 neurons', '6 of 12 heads']);
    assert.equal(widths.length, 24);
  });

  for (const path of ['fast_v2_1', 'dnn_m-kws12', 'fashion-resnet18', 'ad01-autoencoder']) {
    it(`${path}: has nothing of a transformer`, async () => {
      await assert.rejects(prune(await openAsset(`models/${path}.onnx`), {}), { code: 'noTransformerUnits', message: /"prune\.channels"/u });
    });
  }
});
