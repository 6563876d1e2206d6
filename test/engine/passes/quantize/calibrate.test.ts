import assert from 'node:assert/strict';
import { ints } from '../../../../src/engine/ir/attributes';
import { encodeModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import type { PassCheckpoint } from '../../../../src/engine/passes/pass';
import { calibrate } from '../../../../src/engine/passes/quantize/calibrate';
import { observed } from '../../../../src/engine/passes/quantize/observers';
import { outputsOf } from '../../../support/models';
import { contextFor, dequantization, floats, node, quantized, sampleShape, samples, small } from './staticSupport';

const conv = (input: string, output: string, weight: string) => node('Conv', [input, weight], [output], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) });

const model = (): Model => small({
  nodes: [conv('x', 'h', 'w'), node('Relu', ['h'], ['r']), conv('r', 'y', 'v')],
  constants: { w: floats([4, 3, 3, 3]), v: floats([4, 4, 3, 3], 3) },
});

function memory(): PassCheckpoint & { saved: Uint8Array[] } {
  const saved: Uint8Array[] = [];
  return {
    saved,
    load: () => Promise.resolve(saved.at(-1)),
    save: (bytes) => Promise.resolve(void saved.push(bytes)),
  };
}

async function calibrated(count: number, histograms: boolean, overrides = {}, data = samples(count)) {
  const float = model();
  const split = data.splits.get('train');
  assert.ok(split);
  return calibrate({ model: float, tensors: ['x', 'h', 'r', 'y'], split, samples: count, histograms }, contextFor(float, data, overrides));
}

describe('calibration', () => {
  for (const histograms of [true, false]) {
    it(`sees what the model computes (${histograms ? 'histograms' : 'extremes reduced in the graph'})`, async () => {
      const observers = await calibrated(20, histograms);
      const split = samples(20).splits.get('train');
      const all = await outputsOf(model(), (await split?.read(0, 20))?.inputs ?? {});
      const { low, high, counts, zeros } = observed(observers, ['y']);
      const values = [...(all['y']?.data as Float32Array)];
      assert.ok(Math.abs(low - Math.min(...values)) < 1e-5 && Math.abs(high - Math.max(...values)) < 1e-5);
      assert.equal(observed(observers, ['r']).low, 0);
      if (histograms) assert.equal(counts.reduce((sum, count) => sum + count, 0) + zeros, values.length);
    });
  }

  it('leaves samples with NaN or infinite values out and counts them', async () => {
    const spoiled = samples(30, sampleShape, (values, index) => {
      if (index === 7) values[0] = NaN;
      if (index === 20) values[5] = Infinity;
    });
    for (const calibration of ['mse', 'minmax'] as const) {
      const { model: after, findings } = await quantized(model(), { samples: 30, calibration }, spoiled);
      assert.deepEqual(findings.map(({ code, params }) => [code, params['count']]), [['finding.samplesSkipped', 2]]);
      assert.ok(((await dequantization(after, 'r')).scales[0] as number) < 1);
    }
  });

  it('refuses data that are never finite, naming the tensor', async () => {
    const nothing = samples(4, sampleShape, (values) => void values.fill(NaN));
    await assert.rejects(quantized(model(), {}, nothing), { code: 'nonFiniteActivation', params: { tensor: 'x', layer: 'x' } });
  });

  it('gives constant activations a scale', async () => {
    const zeros = samples(4, sampleShape, (values) => void values.fill(0));
    const { model: after } = await quantized(model(), {}, zeros);
    const [y] = Object.values(await outputsOf(after, { x: floats([1, ...sampleShape], 5) }));
    assert.ok((y?.data as Float32Array).every(Number.isFinite));
  });

  it('goes on from a checkpoint and ends with the same model as an uninterrupted run', async () => {
    const whole = await quantized(model(), { samples: 40 }, samples(40));
    const store = memory();
    const controller = new AbortController();
    let runs = 0;
    const stopAfterFirst = { checkpoint: store, signal: controller.signal, progress: () => void (++runs > 1 && controller.abort()) };
    await assert.rejects(quantized(model(), { samples: 40 }, samples(40), stopAfterFirst), { code: 'cancelled' });
    const left = JSON.parse(new TextDecoder().decode(store.saved.at(-1))) as { next: number };
    assert.ok(left.next > 0 && left.next < 40, String(left.next));
    const resumed = await quantized(model(), { samples: 40 }, samples(40), { checkpoint: store });
    assert.deepEqual(await encodeModel(resumed.model), await encodeModel(whole.model));
  });

  it('ignores a checkpoint that belongs to other settings', async () => {
    const checkpoint = memory();
    await quantized(model(), { samples: 8 }, samples(8), { checkpoint });
    const other = await quantized(model(), { samples: 16 }, samples(16), { checkpoint });
    const fresh = await quantized(model(), { samples: 16 }, samples(16));
    assert.deepEqual(await encodeModel(other.model), await encodeModel(fresh.model));
  });

  it('takes a model whose batch size is fixed in runs of that size', async () => {
    const fixed = small({ nodes: [conv('x', 'y', 'w')], constants: { w: floats([4, 3, 3, 3]) }, shape: [4, ...sampleShape] });
    const { model: after } = await quantized(fixed, { samples: 10 }, samples(10));
    assert.ok(((await dequantization(after, 'y')).scales[0] as number) > 0);
  });

  it('keeps what it remembers the same size however many samples there are', async () => {
    const sizes = await Promise.all([8, 64].map(async (count) => {
      const observers = await calibrated(count, true);
      return [...observers.states.values()].reduce((sum, { counts }) => sum + counts.length, 0);
    }));
    assert.ok((sizes[1] as number) < 2.1 * (sizes[0] as number), sizes.join(' '));
  });
});
