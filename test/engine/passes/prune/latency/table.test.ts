// The table of latencies: its grids, models of single layers, what it makes of times, and real times, loosely.

import assert from 'node:assert/strict';
import { constantsOf } from '../../../../../src/engine/analysis/constants';
import { findDependencies } from '../../../../../src/engine/analysis/dependencies/index';
import { bindInputs } from '../../../../../src/engine/analysis/openDims';
import { int } from '../../../../../src/engine/ir/attributes';
import { checkModel } from '../../../../../src/engine/ir/check/check';
import { topologicalOrder } from '../../../../../src/engine/ir/graphIndex';
import type { Model } from '../../../../../src/engine/ir/model';
import { inferShapes } from '../../../../../src/engine/ir/shapes/index';
import { gridOf, inBlocks, rising, timeAt } from '../../../../../src/engine/passes/prune/selection/latency/grid';
import { layerModel } from '../../../../../src/engine/passes/layerTimes/layerModel';
import { latencyMeter } from '../../../../../src/engine/passes/prune/selection/latency/meter';
import { type Site, sitesOf } from '../../../../../src/engine/passes/layerTimes/sites';
import { type Clock, clockOf } from '../../../../../src/engine/passes/clock';
import { measureTable } from '../../../../../src/engine/passes/prune/selection/latency/table';
import { closeAssets, openAsset, outputsOf } from '../../../../support/models';
import { withAssets } from '../../../../support/assets';
import { testRuntime } from '../../../../support/passContext';
import { Net } from '../../../../support/pruning';
import { fakeClock, layerMacs } from './fakeClock';

async function sites(model: Model): Promise<readonly Site[]> {
  return sitesOf(model, await inferShapes(model, bindInputs(model)), constantsOf(model.graph, topologicalOrder(model.graph)).has);
}

/** A plain, a depthwise, a grouped and a transposed convolution, and both kinds of products. */
async function everyKind(): Promise<Model> {
  const net = new Net();
  const x = net.input([1, 3, 6, 6]);
  const wide = net.conv(net.conv(x, 3, 32, { kernel: 3 }), 32, 32, { kernel: 3, group: 32 });
  const grouped = net.conv(wide, 32, 64, { group: 4 });
  const up = net.node('ConvTranspose', [grouped, net.weight(64, 24, 2, 2)], {});
  const flat = net.node('Flatten', [net.node('GlobalAveragePool', [up])]);
  net.output(net.node('MatMul', [net.node('Gemm', [flat, net.weight(40, 24)], { transB: int(1) }), net.weight(40, 5)]));
  return net.model();
}

describe('the table of latencies', function () {
  this.timeout(60_000);

  it('measures at multiples of the block, and at half of it where layers are narrow', () => {
    assert.deepEqual(gridOf(64, 16, 6), [16, 32, 48, 64]);
    assert.deepEqual(gridOf(24, 16, 6), [8, 16, 24]);
    assert.deepEqual(gridOf(3, 16, 6), [3]);
    const wide = gridOf(500, 16, 4);
    assert.ok(wide.length <= 6 && wide.at(-1) === 500 && wide.slice(0, -1).every((width) => width % 16 === 0), wide.join());
    assert.deepEqual([1, 16, 17, 40, 63].map((width) => inBlocks(width, 16, 60)), [1, 16, 32, 48, 60]);
  });

  it('is linear between points, flat below the first, and rises with width whatever the noise', () => {
    const times = { inputs: [16, 32], outputs: [16, 48], times: [[1, 3], [2, 4]] };
    assert.equal(timeAt(times, { input: 24, output: 32 }), 2.5);
    assert.equal(timeAt(times, { input: 8, output: 16 }), 1);
    assert.equal(timeAt(times, { input: 32, output: 48 }), 4);
    const noisy = rising([[1, 9, 2], [1.1, 2.1, 3]]);
    for (const [i, row] of noisy.entries()) {
      for (const [j, time] of row.entries()) {
        assert.ok(time >= (row[j - 1] ?? 0) && time >= (noisy[i - 1]?.[j] ?? 0), JSON.stringify(noisy));
      }
    }
    assert.deepEqual(rising([[1, 2], [2, 3]]), [[1, 2], [2, 3]]);
  });

  it('makes a valid model of every kind of layer, at every width, that runs', async () => {
    const all = await sites(await everyKind());
    assert.deepEqual(all.map(({ op, depthwise, groups }) => [op, depthwise, groups]), [['Conv', false, 1], ['Conv', true, 32], ['Conv', false, 4], ['ConvTranspose', false, 1], ['Gemm', false, 1], ['MatMul', false, 1]]);
    for (const site of all) {
      for (const share of [1, 0.5]) {
        const input = site.widths.input === 3 ? 3 : site.widths.input * share;
        const model = layerModel(site, { input, output: site.depthwise ? input : site.widths.output === 5 ? 5 : site.widths.output * share }, 3);
        assert.deepEqual((await checkModel(model)).filter(({ severity }) => severity === 'error'), [], site.id);
        assert.ok(Object.keys(await outputsOf(model)).length === 1);
      }
    }
  });

  it('finds back times that are proportional to MACs, on the grid and between, from the clock alone', async () => {
    const net = new Net();
    const first = net.conv(net.input([1, 3, 6, 6]), 3, 64, { kernel: 3 });
    net.output(net.conv(net.conv(first, 64, 96, { kernel: 3 }), 96, 7));
    const model = await net.model();
    const own = await sites(model);
    let calls = 0;
    const clock: Clock = (models, options) => {
      calls += models.length;
      return fakeClock(layerMacs)(models, options);
    };
    const table = await measureTable({ model, sites: own, block: 16, clock, options: {}, progress: () => undefined });
    assert.equal(calls, table.points + Math.ceil(table.points / 64));
    assert.ok(Math.abs(table.explained - 1) < 0.05, String(table.explained));
    const groups = (await findDependencies(model)).groups;
    const meter = latencyMeter(model, await findDependencies(model), groups, own, table);
    const full = groups.map(({ size }) => size);
    assert.ok(Math.abs(meter.total(full) - table.whole) < 1e-9 * table.whole);
    const macs = (a: number, b: number): number => 36 * (27 * a + 9 * a * b + 7 * b);
    for (const [a, b] of [[32, 48], [16, 96], [64, 16]] as const) {
      const ratio = meter.total([a, b]) / meter.total(full);
      assert.ok(Math.abs(ratio - macs(a, b) / macs(64, 96)) < 0.03, `${a}, ${b}: ${ratio}`);
      assert.ok(Math.abs(meter.around(full, 0, a) - meter.around(full, 0, 64) - (meter.total([a, 96]) - meter.total(full))) < 1e-9);
    }
    // Between two blocks nothing is saved.
    assert.equal(meter.total([50, 96]), meter.total(full));
    assert.deepEqual([...meter.coupled(0)].sort(), [0, 1]);
  });

  it('refuses models without layers to time, and runtimes without a clock', async () => {
    const net = new Net();
    net.output(net.node('Relu', [net.input([1, 4])]));
    const model = await net.model();
    await assert.rejects(measureTable({ model, sites: await sites(model), block: 16, clock: clockOf(testRuntime), options: {}, progress: () => undefined }), { code: 'latencyUnknown' });
    assert.throws(() => clockOf({ version: '', defaultThreads: 1, createSession: (given) => testRuntime.createSession(given) }), { code: 'latencyUnknown' });
  });
});

withAssets('the table of latencies on a real model', function () {
  this.timeout(120_000);
  after(closeAssets);

  it('resnet8-cifar10: layers add up to the model, and half the width takes less', async () => {
    const model = await openAsset('models/resnet8-cifar10.onnx');
    const own = await sites(model);
    const told: number[] = [];
    const table = await measureTable({ model, sites: own, block: 16, clock: clockOf(testRuntime), options: { threads: 2 }, progress: (fraction) => told.push(fraction) });
    // Wide bounds: other processes load the machine.
    assert.ok(table.explained > 0.4 && table.explained < 1.6, `${table.explained} of the whole`);
    assert.ok(told.length > 0 && told.every((fraction, index) => fraction >= (told[index - 1] ?? 0)) && told.at(-1) === 1);
    const widest = own.reduce((most, site) => (site.widths.input * site.widths.output > most.widths.input * most.widths.output ? site : most));
    const [full, half] = [1, 0.5].map((share) => table.timeOf(widest.id, { input: widest.widths.input * share, output: widest.widths.output * share }));
    assert.ok((half ?? 0) < 0.8 * (full ?? 0), `${half} of ${full} ms`);
  });

  it('stops when it is cancelled', async () => {
    const model = await openAsset('models/resnet8-cifar10.onnx');
    const cancel = new AbortController();
    const run = measureTable({ model, sites: await sites(model), block: 16, clock: clockOf(testRuntime), options: { threads: 2, signal: cancel.signal }, progress: () => cancel.abort() });
    await assert.rejects(run, { code: 'cancelled' });
  });
});
