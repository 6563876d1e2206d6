// Laws of safe edits: whatever is edited, the model stays valid, and edits that promise it leave the outputs equal.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EngineError } from '../../../src/engine/error';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import { checkModel } from '../../../src/engine/ir/check/check';
import { cloneModel } from '../../../src/engine/ir/clone';
import { encodeModel } from '../../../src/engine/ir/codec';
import { insertAfter, insertNode, removeNode, renameValue, replaceUses } from '../../../src/engine/ir/edit/index';
import type { Model } from '../../../src/engine/ir/model';
import type { NdArray } from '../../../src/engine/ports';
import { sampleInputs } from '../../../src/runtime/sampleInputs';
import { withAssets } from '../../support/assets';
import { assertStillValid } from '../../support/checkedPasses';
import { assetDims, closeAssets, decodedCopy, openAsset, relativeDifference } from '../../support/models';
import { testRuntime } from '../../support/passContext';
import { anyEdit, apply, type Edit, randomModel, sameOutputs } from './editSupport';

/** Outputs in the order of the graph: their names may have been edited. Inputs are drawn once, by position. */
async function run(model: Model, inputs: readonly NdArray[] | undefined): Promise<{ readonly inputs: readonly NdArray[]; readonly outputs: readonly NdArray[] }> {
  const session = await testRuntime.createSession(model, { optimization: 'disabled', threads: 2 });
  try {
    const drawn = inputs ?? Object.values(sampleInputs(model, session.inputs, { dims: assetDims, seed: 3 }));
    const feeds = Object.fromEntries(session.inputs.map(({ name }, index) => [name, drawn[index] as NdArray]));
    const results = await session.run(feeds);
    return { inputs: drawn, outputs: model.graph.outputs.map(({ name }) => results[name] as NdArray) };
  } finally {
    await session.release();
  }
}

async function assertSameResults(before: Model, after: Model): Promise<void> {
  const expected = await run(before, undefined);
  const found = await run(await decodedCopy(after), expected.inputs);
  // Weights behind an Identity are not packed ahead of time: other kernels, other rounding.
  expected.outputs.forEach((array, index) => assert.ok(relativeDifference(array, found.outputs[index] as NdArray) <= 1e-5, `output ${index}`));
}

/** Applies an edit; a refusal must leave the bytes of the model as they were. */
async function tryEdit(model: Model, edit: Edit): Promise<void> {
  const before = await encodeModel(model);
  try {
    await apply(model, edit);
  } catch (error) {
    assert.ok(error instanceof EngineError && error.code === 'invalidGraph', String(error));
    assert.deepEqual(await encodeModel(model), before, `a refused ${edit.kind} changed the model`);
  }
}

const small = (): Model => makeModel(makeGraph({
  nodes: [makeNode('Relu', ['x'], ['a'], {}, { name: 'first' }), makeNode('Neg', ['a'], ['y'], {}, { name: 'second' })],
  inputs: [makeValue('x', 'float32', [2])], outputs: [makeValue('y', 'float32', [2])],
}));

describe('safe edits', () => {
  it('refuse what would break the model, with the node and the rule', async () => {
    const model = small();
    const [first, second] = model.graph.nodes;
    assert.ok(first && second);
    const refused = (edit: () => Promise<void> | void, rule: string, node: string): Promise<void> => assert.rejects(async () => edit(), (error: EngineError) => {
      assert.deepEqual([error.code, error.params['rule'], error.params['node']], ['invalidGraph', rule, node]);
      return true;
    });
    await refused(() => renameValue(model, 'nowhere', 'b'), 'check.notMade', '');
    await refused(() => renameValue(model, 'a', 'x'), 'check.madeTwice', '');
    await refused(() => insertNode(model, makeNode('Relu', ['nowhere'], ['b'])), 'check.notMade', 'b');
    await refused(() => insertNode(model, makeNode('Relu', ['x'], ['a'])), 'check.madeTwice', 'a');
    await refused(() => insertNode(model, makeNode('Relux', ['x'], ['b'])), 'check.unknownOperator', 'b');
    await refused(() => insertNode(model, makeNode('Gelu', ['x'], ['b'], {}, { domain: 'com.microsoft' })), 'check.noImport', 'b');
    await refused(() => removeNode(model, first), 'check.notMade', 'second');
    await refused(() => removeNode(model, second), 'check.outputNotMade', 'second');
    await refused(() => replaceUses(model, 'x', 'y'), 'check.cycle', 'second');
    await refused(() => insertAfter(model, 'x', makeNode('Relu', ['y'], ['b'])), 'check.cycle', 'b');
    await refused(() => insertAfter(model, 'x', makeNode('Shape', ['x'], ['b'])), 'edit.otherType', 'first');
    assert.equal(model.graph.nodes.length, 2);
  });

  it('put nodes where their inputs exist and lead readers to them', async () => {
    const model = small();
    await insertAfter(model, 'a', makeNode('Abs', ['a'], ['b'], {}, { name: 'between' }));
    assert.deepEqual(model.graph.nodes.map(({ name }) => name), ['first', 'between', 'second']);
    assert.deepEqual(model.graph.nodes[2]?.inputs, ['b']);
    assert.deepEqual(await checkModel(model), []);
  });

  it('keep random models valid, saved and read again, with equal outputs where they promise it', async function () {
    this.timeout(60_000);
    await fc.assert(fc.asyncProperty(randomModel, fc.array(sameOutputs, { minLength: 1, maxLength: 10 }), async (original, edits) => {
      assert.deepEqual((await checkModel(original)).filter(({ severity }) => severity === 'error'), []);
      const model = cloneModel(original);
      for (const edit of edits) {
        await tryEdit(model, edit);
        await assertStillValid(original, model, edit.kind);
      }
      await assertSameResults(original, model);
    }), { numRuns: 60 });
  });

  it('keep random models valid and running whatever is edited', async function () {
    this.timeout(60_000);
    await fc.assert(fc.asyncProperty(randomModel, fc.array(anyEdit, { minLength: 1, maxLength: 10 }), async (original, edits) => {
      const model = cloneModel(original);
      for (const edit of edits) {
        await tryEdit(model, edit);
        await assertStillValid(original, model, edit.kind);
      }
      await run(await decodedCopy(model), undefined);
    }), { numRuns: 60 });
  });

  withAssets('of real models', () => {
    after(closeAssets);

    for (const name of ['mnist', 'resnet8-cifar10', 'silero_vad_half', 'face_detection_front_128x128_barracuda', 'dnn_m-kws12']) {
      it(`leave ${name} valid with equal outputs`, async function () {
        this.timeout(60_000);
        const original = await openAsset(`models/${name}.onnx`);
        await fc.assert(fc.asyncProperty(fc.array(sameOutputs, { minLength: 5, maxLength: 15 }), async (edits) => {
          const model = cloneModel(original);
          for (const edit of edits) await tryEdit(model, edit);
          await assertStillValid(original, model, 'the edits');
          await assertSameResults(original, model);
        }), { numRuns: 4 });
      });
    }
  });
});
