// MACs of real networks, operator by operator, against an independent tool at the same input shapes.

import assert from 'node:assert/strict';
import { macsByOperator, products, toolCounts, type ToolCount } from '../../../bench/core/macs/fixture';
import { assetPath, withAssets } from '../../support/assets';

const { tool, models } = toolCounts();
const isBuilt = ({ name }: ToolCount): boolean => !name.startsWith('light_');

async function compare(count: ToolCount): Promise<void> {
  const ours = await macsByOperator(count, assetPath);
  const theirs = Object.entries(count.withoutBiases).filter(([operator]) => products.includes(operator));
  assert.ok(theirs.length > 0);
  assert.deepEqual([...ours].sort(), theirs.sort());
}

describe(`MACs are those of ${tool}`, () => {
  for (const count of models.filter(isBuilt)) it(count.name, () => compare(count));

  it('published totals: MobileNetV2 300.8 M, BERT-base 11.17 G for 128 tokens', async () => {
    const total = async (name: string): Promise<number> => {
      const count = models.find((model) => model.name === name);
      assert.ok(count);
      return [...(await macsByOperator(count, assetPath)).values()].reduce<number>((sum, macs) => sum + (macs ?? NaN), 0);
    };
    assert.equal(await total('mobilenet-v2'), 300_774_272);
    // 12 layers of 4 projections, 2 products of attention, 2 of the feed-forward part; and the pooler.
    assert.equal(await total('bert-base'), 12 * (4 * 128 * 768 ** 2 + 2 * 128 ** 2 * 768 + 2 * 128 * 768 * 3072) + 768 ** 2);
  });
});

withAssets(`MACs of the topologies are those of ${tool}`, () => {
  it('covers all nine', () => assert.equal(models.filter((model) => !isBuilt(model)).length, 9));
  for (const count of models.filter((model) => !isBuilt(model))) it(count.name, () => compare(count));
});
