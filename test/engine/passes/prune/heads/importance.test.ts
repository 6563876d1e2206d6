// What `taylor` says of a head is how the loss moves when the whole head is scaled.

import assert from 'node:assert/strict';
import { findDependencies } from '../../../../../src/engine/analysis/dependencies/index';
import type { Split } from '../../../../../src/engine/data/dataset';
import { cloneModel } from '../../../../../src/engine/ir/clone';
import type { Model } from '../../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import { criteria } from '../../../../../src/engine/passes/prune/criteria/criteria';
import { passContext, testRuntime } from '../../../../support/passContext';
import { samples } from '../../quantize/staticSupport';
import { type Attention, exported, fused, grouped, sizes, transformer } from './transformers';

/** One batch of gradients. */
const SAMPLES = 8;
const STEP = 1e-2;
const TEMPERATURE = 4;

describe('taylor importance of heads', function () {
  this.timeout(20_000);
  const data = samples(SAMPLES, [5, sizes.width]);
  const split = data.splits.get('train') as Split;

  for (const [title, attention] of [['exported', exported()], ['fused', fused], ['grouped queries', grouped]] as const satisfies readonly (readonly [string, Attention])[]) {
    it(title, async () => {
      const model = await transformer([{ attention }]);
      const groups = (await findDependencies(model)).groups.filter(({ kind }) => kind === 'heads');
      const [group] = groups;
      const slot = group?.weights.find(({ tensor, axis }) => axis === 0 && model.graph.initializers.get(tensor)?.dims.length === 2);
      assert.ok(group !== undefined && slot !== undefined);
      const importance = (await criteria.taylor.run({ model, groups, split, samples: SAMPLES, passId: 'prune.heads', pass: passContext({ data }) })).get(group.id);
      const slopes: number[] = [];
      for (let head = 0; head < group.size; head += 1) {
        const rows = new Set(slot.indices.subarray(head * slot.perUnit, (head + 1) * slot.perUnit));
        const lossAt = async (factor: number): Promise<number> => loss(await scaled(model, slot.tensor, rows, factor), split);
        slopes.push(Math.abs(await lossAt(1 + STEP) - await lossAt(1 - STEP)) / (2 * STEP));
      }
      slopes.forEach((slope, head) => {
        const found = importance?.[head] ?? NaN;
        assert.ok(Math.abs(found - slope) <= 0.02 * Math.max(...slopes), `head ${head}: ${found} against ${slope}`);
      });
    });
  }
});

/** Rows of a stored matrix times a factor. */
async function scaled(given: Model, name: string, rows: ReadonlySet<number>, factor: number): Promise<Model> {
  const model = cloneModel(given);
  const tensor = model.graph.initializers.get(name);
  assert.ok(tensor !== undefined);
  const columns = tensor.dims[1] ?? 1;
  const data = ((await readTensor(tensor)).data as Float32Array).map((value, at) => (rows.has(Math.floor(at / columns)) ? value * factor : value));
  model.graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data }));
  return model;
}

/** Without labels the model's own classes stand for them; logits are softened as in criteria/gradients.ts. */
async function loss(model: Model, split: Split): Promise<number> {
  const session = await testRuntime.createSession(model, { threads: 1 });
  try {
    const [output] = Object.values(await session.run((await split.read(0, SAMPLES)).inputs));
    const values = [...output?.data as Float32Array];
    const losses = Array.from({ length: SAMPLES }, (_, sample) => {
      const logits = values.slice(sample * sizes.answers, (sample + 1) * sizes.answers);
      const best = Math.max(...logits);
      return Math.log(logits.reduce((sum, logit) => sum + Math.exp((logit - best) / TEMPERATURE), 0));
    });
    return losses.reduce((sum, one) => sum + one, 0) / SAMPLES;
  } finally {
    await session.release();
  }
}
