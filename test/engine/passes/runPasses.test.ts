import assert from 'node:assert/strict';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../src/engine/ir/build';
import type { Model } from '../../../src/engine/ir/model';
import { tensorFrom } from '../../../src/engine/ir/tensors';
import { originalOrigins, savedOrigins, saveOrigins, withoutOrigins } from '../../../src/engine/passes/origins';
import { seededRandom } from '../../../src/engine/random';
import { validateRecipe } from '../../../src/engine/passes/recipe';
import { initialState, runPasses, type RunServices } from '../../../src/engine/passes/runPasses';
import { decodedCopy } from '../../support/models';
import { testRuntime } from '../../support/passContext';

function model(irVersion = 8): Model {
  const weight = { type: 'float32', dims: [32, 32], data: Float32Array.from({ length: 1024 }, (_, index) => Math.sin(index)) } as const;
  return makeModel(makeGraph({
    nodes: [makeNode('Identity', ['x'], ['i']), makeNode('MatMul', ['i', 'w'], ['m']), makeNode('Relu', ['m'], ['r']), makeNode('MatMul', ['r', 'w'], ['y'])],
    inputs: [makeValue('x', 'float32', [4, 32])],
    outputs: [makeValue('y', 'float32', [4, 32])],
    initializers: [tensorFrom('w', weight)],
  }), { '': 17 }, irVersion);
}

function services(overrides: Partial<RunServices> = {}): RunServices {
  return { runtime: testRuntime, provider: 'cpu', threads: 1, dims: {}, target: { provider: 'cpu', wideAccumulation: true }, seed: 1, progress: () => undefined, ...overrides };
}

const steps = validateRecipe({ version: 1, passes: [{ pass: 'cleanup' }, { pass: 'quantize.dynamic' }] }, 'command').passes;

describe('a run of passes', () => {
  it('carries origins and forms, and tells which pass touched which layer', async () => {
    const original = model();
    const seen: string[] = [];
    const end = await runPasses(initialState(original, await originalOrigins(original)), steps, services(), {
      onStep: (index, { pass }, state, seconds) => {
        seen.push(`${index} ${pass.id} ${state.model.graph.nodes.length}`);
        assert.ok(seconds >= 0);
      },
    });
    assert.deepEqual(seen, ['0 cleanup 3', '1 quantize.dynamic 11']);
    assert.equal(end.forms.get('m')?.code, 'form.int8Dynamic');
    assert.deepEqual(end.touched.get('m'), ['quantize.dynamic']);
    for (const node of end.model.graph.nodes) assert.ok((end.origins.get(node.outputs[0] ?? '') ?? []).length > 0);
  });

  it('goes on from a step as if it had run whole', async () => {
    const original = model();
    const states: Awaited<ReturnType<typeof runPasses>>[] = [];
    const whole = await runPasses(initialState(original, await originalOrigins(original)), steps, services(), { onStep: (_index, _pass, state) => void states.push(state) });
    const resumed = await runPasses(states[0] ?? assert.fail(), steps, services(), { from: 1 });
    assert.deepEqual(resumed.model.graph.nodes, whole.model.graph.nodes);
    assert.deepEqual(resumed.touched, whole.touched);
  });

  it('reports progress that never goes back and stays within 0 and 1', async () => {
    const fractions: number[] = [];
    await runPasses(initialState(model(), new Map()), steps, services({ progress: ({ fraction }) => void fractions.push(fraction ?? 0) }));
    assert.ok(fractions.length > 2);
    assert.ok(fractions.every((fraction, index) => fraction >= (fractions[index - 1] ?? 0) && fraction <= 1), fractions.join());
  });

  it('stops between passes once it is cancelled', async () => {
    const control = new AbortController();
    const ran: number[] = [];
    const run = runPasses(initialState(model(), new Map()), steps, services({ signal: control.signal }), {
      onStep: (index) => { ran.push(index); control.abort(); },
    });
    await assert.rejects(run, { code: 'cancelled' });
    assert.deepEqual(ran, [0]);
  });
});

describe('origins in a model file', () => {
  for (const irVersion of [8, 10]) {
    it(`survive a round trip at IR ${irVersion} without raising it`, async () => {
      const original = model(irVersion);
      const end = await runPasses(initialState(original, await originalOrigins(original)), steps, services());
      const saved = await decodedCopy(saveOrigins(end.model, { source: 'abc', origins: end.origins }));
      assert.equal(saved.irVersion, irVersion);
      const read = savedOrigins(saved) ?? assert.fail('no origins');
      assert.equal(read.source, 'abc');
      assert.deepEqual(read.origins, new Map(end.model.graph.nodes.map((node) => [node.outputs[0], end.origins.get(node.outputs[0] ?? '')])));
      assert.equal(savedOrigins(withoutOrigins(saved)), undefined);
    });
  }

  it('are absent from a model that has none, and garbled ones are taken for none', () => {
    assert.equal(savedOrigins(model()), undefined);
    const garbled = model();
    garbled.metadata.set('decant.source', 'abc');
    garbled.metadata.set('decant.origins', '{"layers": 3');
    assert.deepEqual(savedOrigins(garbled)?.origins.get('m'), ['m']);
  });
});

describe('seeded randomness', () => {
  it('gives the published sequence of xoshiro128** for a state filled by splitmix32', () => {
    const draw = seededRandom(1);
    // From the authors' C code, transcribed to Python.
    assert.deepEqual([draw(), draw(), draw()], [0.5686059962026775, 0.753928849240765, 0.8893939366098493]);
  });

  it('is uniform in [0, 1) and differs by seed', () => {
    const draw = seededRandom(7);
    const values = Array.from({ length: 20_000 }, draw);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    // Standard error of the mean of 20,000 uniform numbers: 0.0020.
    assert.ok(Math.abs(mean - 0.5) < 0.01);
    assert.notEqual(seededRandom(8)(), values[0]);
    assert.equal(seededRandom(7)(), values[0]);
  });
});
