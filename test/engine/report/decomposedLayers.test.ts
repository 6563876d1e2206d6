// Rows of the report for decomposed layers: each stands for all its factors, in parameters, multiplications and time.

import assert from 'node:assert/strict';
import { inspectModel } from '../../../src/engine/analysis/inspect';
import { int, ints } from '../../../src/engine/ir/attributes';
import { matrixProducts } from '../../../src/engine/linalg/products';
import { methodTable } from '../../../src/engine/passes/decompose/methods/index';
import { originsWith } from '../../../src/engine/passes/decompose/surgery/origins';
import { originalOrigins } from '../../../src/engine/passes/origins';
import { seededRandom } from '../../../src/engine/random';
import { layerReports } from '../../../src/engine/report/layerReport';
import type { ProfiledLayer } from '../../../src/protocol/report';
import { testRuntime } from '../../support/passContext';
import { Net } from '../../support/pruning';
import { decomposed, type FactorsOf } from '../passes/decompose/surgery/surgerySupport';

function row(id: string, mean: number, layers?: readonly string[]): ProfiledLayer {
  return { id, op: 'Conv', latency: { mean, p10: mean, p90: mean }, share: 0, provider: 'cpu', ...(layers && { layers }) };
}

describe('layer reports of decomposed models', () => {
  const products = matrixProducts(testRuntime, 1);
  after(() => products.release());
  const rank2: FactorsOf = async (kernel) => {
    const method = kernel.kernel.length > 0 ? 'tucker' : 'svd';
    return (await methodTable[method].factorize({ kernel, products, random: seededRandom(1) }, method === 'svd' ? [2] : [2, 3])).factors;
  };

  it('add factors up in the row of their layer', async () => {
    const net = new Net();
    const image = net.input([1, 4, 6, 6]);
    const conv = net.conv(image, 4, 8, { kernel: 3 });
    const normalized = net.node('BatchNormalization', [conv, net.positive(8), net.weight(8), net.weight(8), net.positive(8)]);
    const pooled = net.node('GlobalAveragePool', [net.node('Relu', [normalized])]);
    const dense = net.node('Gemm', [net.node('Flatten', [pooled]), net.weight(8, 5), net.weight(5)]);
    net.output(dense);
    const model = await net.model();
    const { model: result, added } = await decomposed(model, rank2);
    const origins = originsWith(result, await originalOrigins(model), added);
    const [before, after] = [await inspectModel(model, { path: 'a', bytes: 0 }), await inspectModel(result, { path: 'b', bytes: 0 })];
    const factorsOf = (layer: string): string[] => after.layers.filter(({ id }) => origins.get(id)?.[0] === layer).map(({ id }) => id);
    assert.deepEqual([factorsOf(conv).length, factorsOf(dense).length], [3, 2]);

    const reports = layerReports({
      before: before.layers, after: after.layers, origins, forms: new Map(), touched: new Map(), outputErrors: new Map(),
      // The last factor runs in one kernel with the pooling behind it.
      latency: { before: before.layers.map(({ id }) => row(id, 10)), after: after.layers.map(({ id }, at) => row(id, 2 ** at, id === conv ? [id, pooled] : undefined)) },
    });
    const found = new Map(reports.map((report) => [report.id, report]));
    assert.deepEqual([...found.keys()], before.layers.map(({ id }) => id));
    const [split, product] = [found.get(conv)?.after, found.get(dense)?.after];
    // 1 x 1 of 4 to 2, 3 x 3 of 2 to 3, 1 x 1 of 3 to 8 with the bias, and the four numbers of BatchNormalization.
    assert.equal(split?.parameters, 4 * 2 + 9 * 2 * 3 + 3 * 8 + 8 + 4 * 8);
    assert.equal(product?.parameters, 8 * 2 + 2 * 5 + 5);
    assert.equal(product.macs, 8 * 2 + 2 * 5);
    assert.equal(reports.reduce((sum, report) => sum + (report.after.macs ?? NaN), 0), after.totals.macs);
    assert.equal(reports.reduce((sum, report) => sum + report.after.weightBytes, 0), after.totals.weightBytes);
    const timeOf = (layer: string): number => after.layers.reduce((sum, { id }, at) => sum + (origins.get(id)?.[0] === layer ? 2 ** at : 0), 0);
    assert.deepEqual([split.latency?.mean, split.latencyCovers], [timeOf(conv), [conv, pooled]]);
    assert.equal(product.latency?.mean, timeOf(dense));
    assert.deepEqual([split.form.code, product.form.code], ['form.changed', 'form.changed']);
  });

  it('give an embedding the lookup and the product behind it', async () => {
    const net = new Net();
    const ids = net.input([1, 6], 'int64');
    const rows = net.node('Gather', [net.weight(20, 8), ids], { axis: int(0) });
    const turned = net.node('Transpose', [rows], { perm: ints([0, 2, 1]) });
    net.output(net.node('Relu', [net.node('ReduceMax', [turned], { axes: ints([2]), keepdims: int(0) })]));
    const model = await net.model();
    const { model: result, added } = await decomposed(model, rank2);
    const [before, after] = [await inspectModel(model, { path: 'a', bytes: 0 }), await inspectModel(result, { path: 'b', bytes: 0 })];
    const [report] = layerReports({
      before: before.layers, after: after.layers, origins: originsWith(result, await originalOrigins(model), added),
      forms: new Map(), touched: new Map(), outputErrors: new Map(), latency: null,
    });
    assert.deepEqual([report?.id, report?.op, report?.before.parameters, report?.after.parameters, report?.after.macs], [rows, 'Gather', 160, 20 * 2 + 2 * 8, 6 * 2 * 8]);
  });
});
