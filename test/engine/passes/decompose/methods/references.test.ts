// Tucker and CP against TensorLy at equal rank: the numbers of bench/decompose/references.py.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readTensor } from '../../../../../src/engine/ir/tensors';
import { methodTable } from '../../../../../src/engine/passes/decompose/methods';
import { repositoryRoot, withAssets } from '../../../../support/assets';
import { closeAssets, openAsset } from '../../../../support/models';
import { type Case, drawn } from './drawn';
import { products, taskOf } from './kernels';

const { model, cases } = JSON.parse(readFileSync(path.join(repositoryRoot, 'test/fixtures/decompose/references.json'), 'utf8')) as { model: string; cases: readonly Case[] };
/** Of the errors of the references: what issue 6 asks for. */
const MOST = 1.02;
/** Sums of squares of components over that of the kernel: none of the fits may lean on terms that cancel each other. */
const LONGEST = 10;

async function compare({ shape: [outputs, inputs, ...kernel], tucker, cp }: Case, data: Float64Array): Promise<void> {
  const task = taskOf({ outputs, inputs, kernel, data });
  for (const { ranks, error } of tucker) {
    const { weightError } = await methodTable.tucker.factorize(task, ranks);
    assert.ok(weightError <= MOST * error, `tucker ${ranks.join(', ')}: ${weightError} against ${error}`);
  }
  const norm = Math.hypot(...blockNorms(data));
  for (const { ranks, error } of cp) {
    const { weightError, components } = await methodTable.cp.factorize(task, ranks);
    assert.ok(weightError <= MOST * error, `cp ${ranks.join(', ')}: ${weightError} against ${error}`);
    assert.equal(components?.length, ranks[0]);
    assert.deepEqual(components, components?.toSorted((a, b) => b - a));
    assert.ok(Math.hypot(...(components ?? [])) < LONGEST * norm);
  }
}

/** Norms of slices, so that no call gets too many arguments. */
function blockNorms(data: Float64Array): number[] {
  return Array.from({ length: Math.ceil(data.length / 1000) }, (_, block) => Math.hypot(...data.subarray(block * 1000, (block + 1) * 1000)));
}

describe('errors at equal rank against TensorLy', () => {
  after(() => products.release());

  for (const one of cases) {
    const { drawn: recipe, shape } = one;
    if (recipe) it(`drawn ${shape.join(' x ')}`, () => compare(one, drawn(shape, recipe)));
  }
});

withAssets('errors at equal rank against TensorLy, on trained weights', () => {
  after(closeAssets);
  after(() => products.release());

  for (const one of cases) {
    if (one.weights === undefined) continue;
    const name = one.weights;
    it(`${name}, ${one.shape.join(' x ')}`, async function () {
      this.timeout(60_000);
      const { graph } = await openAsset(model);
      const { data } = await readTensor(graph.initializers.get(name) ?? assert.fail(`${model} has no ${name}`));
      await compare(one, Float64Array.from(data as Float32Array));
    });
  }
});
