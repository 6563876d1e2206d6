// What is told of a decomposition, without one: names, numbers and methods, in each language.

import assert from 'node:assert/strict';
import { outcomeOf } from '../../../../src/engine/passes/decompose/outcome';
import { factorRefitFindings } from '../../../../src/engine/passes/refit/findings';
import type { RefitOutcome } from '../../../../src/engine/passes/refit/refit';
import { say } from '../../../../src/protocol/text/index';
import { contextFor, samples } from '../quantize/staticSupport';
import { decompose, smallNet } from './passSupport';

describe('the findings of a decomposition', function () {
  this.timeout(20_000);

  it('name methods in the words of each language', async () => {
    const { findings } = await decompose('decompose', await smallNet(), { macs: 0.7, grain: 1, methods: ['spatial'], measure: false });
    const told = findings.find(({ code }) => code === 'finding.decomposed') ?? assert.fail();
    assert.match(told.text, /into factors: spatial \d\./u);
    assert.match(say('finding.decomposed', told.params, 'zh-cn'), /空间分解 \d/u);
    const several = { method1: 'form.method.svd', count1: 3, method2: 'form.method.spatial', count2: 1, methods: 'form.methods.2' };
    assert.match(say('finding.decomposed', several), /factors: SVD 3, spatial 1\./u);
    assert.match(say('finding.decomposed', several, 'zh-cn'), /SVD 3、空间分解 1/u);
  });

  it('speak of last factors where these were fitted, of one and of several', async () => {
    const { findings } = await decompose('decompose.svd', await smallNet(), { ranks: { ratio: 0.5 }, grain: 1, measure: false }, { data: samples(16) });
    const codes = findings.map(({ code }) => code);
    assert.ok(codes.includes('finding.factorsRefitted') && !codes.includes('finding.refitted'), codes.join());
    const outcome = async (count: number, left: number): Promise<RefitOutcome> => ({
      model: await smallNet(), samples: 16, skipped: 0, left, layers: Array.from({ length: count }, (_, layer) => ({ id: String(layer), missedBefore: 0.04, missedAfter: 0.01 })),
    });
    const texts = async (count: number, left: number): Promise<string> => factorRefitFindings(await outcome(count, left)).map(({ text }) => text).join('\n');
    assert.match(await texts(1, 1), /one split layer was fitted on 16 training samples .* from 20\.0 % to 10\.0 %\.\nThe last factor of one split layer stays/u);
    assert.match(await texts(2, 3), /factors of 2 split layers were fitted .* from 20\.0 % to 10\.0 %\.\nThe last factors of 3 split layers stay/u);
    assert.equal(await texts(0, 0), '');
  });

  it('name a layer once, however many of its nodes stay whole', async () => {
    const model = await smallNet();
    const { origins } = contextFor(model, undefined);
    const costs = { macs: 1, parameters: 1, bytes: 4 };
    const why = 'why.rankNotCheaper' as const;
    const { findings } = outcomeOf({
      plan: { layers: [], findings: [], left: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, why, params: {} })) },
      found: { layers: [], refused: [] }, factored: [], refit: undefined, recovery: undefined, model, origins, before: costs, after: costs,
    }, new Map([['a', ['one']], ['b', ['one']], ['c', ['two']], ['d', ['two']], ['e', ['three']]]));
    const told = findings.find(({ code }) => code === 'finding.layersNotDecomposed') ?? assert.fail();
    assert.deepEqual([told.params['count'], told.params['layers']], [3, 'one, two, three']);
  });
});
