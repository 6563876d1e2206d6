// prune.heads on small transformers: counts, forms of attention, options, refusals.

import assert from 'node:assert/strict';
import type { Dataset } from '../../../../../src/engine/data/dataset';
import { findDependencies } from '../../../../../src/engine/analysis/dependencies/index';
import { int, ints } from '../../../../../src/engine/ir/attributes';
import type { Model } from '../../../../../src/engine/ir/model';
import type { PassOutcome } from '../../../../../src/engine/passes/pass';
import { findUnits } from '../../../../../src/engine/passes/prune/heads/findUnits';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import { assertSameOutputs, outputsOf } from '../../../../support/models';
import { Net } from '../../../../support/pruning';
import { contextFor, samples } from '../../quantize/staticSupport';
import { bytesOf, runPass } from '../../train/trainSupport';
import { type Attention, exported, fixedSplit, fused, grouped, renamed, sizeOf, sizes, type Split, transformer } from './transformers';

async function prune(model: Model, options: Readonly<Record<string, unknown>>, data?: Dataset): Promise<PassOutcome> {
  return runPass('prune.heads', model, { ...(data === undefined && { criterion: 'l2' }), ...options }, contextFor(model, data));
}

/** `2 of 4 heads`, ... of the layers that make units, without repetitions. */
const formsOf = ({ forms }: PassOutcome): string[] => [...new Set([...forms.values()].map(({ text }) => text).filter((text) => !text.startsWith('reads')))].sort();

const one = { attention: exported(), neurons: sizes.neurons };

async function requireRuns({ model }: PassOutcome): Promise<void> {
  const outputs = await outputsOf(model, undefined, { dims: { batch: 2, length: 5 } });
  for (const { data, dims } of Object.values(outputs)) {
    assert.deepEqual(dims, [2, sizes.answers]);
    assert.ok(Array.from(data as Float32Array).every(Number.isFinite));
  }
}

describe('prune.heads', function () {
  this.timeout(20_000);

  it('keeps half of the heads and neurons where nothing is said, and the stream and the pooler whole', async () => {
    const model = await transformer([one]);
    const outcome = await prune(model, {});
    assert.deepEqual(formsOf(outcome), ['16 of 32 neurons', '2 of 4 heads']);
    await requireRuns(outcome);
    const kinds = (await findDependencies(outcome.model)).groups.map(({ kind, size }) => `${size} ${kind}`);
    assert.deepEqual(kinds, ['12 hidden', '2 heads', '16 neurons', '16 neurons'], 'the last one is the pooler');
    assert.deepEqual(outcome.importance?.map(({ kind, kept, total }) => [kind, kept, total]), [['heads', 2, 4], ['neurons', 16, 32]]);
  });

  it('counts each kind by itself, as a fraction or a number a layer, and leaves the other alone', async () => {
    const model = await transformer([one, { attention: exported(), neurons: 64 }]);
    assert.deepEqual(formsOf(await prune(model, { heads: 1 })), ['1 of 4 heads']);
    assert.deepEqual(formsOf(await prune(model, { neurons: 24 })), ['24 of 32 neurons', '24 of 64 neurons']);
    assert.deepEqual(formsOf(await prune(model, { heads: 3, neurons: 40 })), ['3 of 4 heads', '40 of 64 neurons'], 'a layer that has fewer stays');
    assert.deepEqual(formsOf(await prune(model, { neurons: 0.25, scope: 'uniform' })), ['16 of 64 neurons', '8 of 32 neurons']);
    assert.deepEqual(formsOf(await prune(model, { heads: 0.3, scope: 'uniform' })), ['2 of 4 heads'], 'never fewer than asked for');
  });

  it('compares across layers, so that together as many stay as asked for and one head in each at least', async () => {
    const model = await transformer([one, one, { attention: exported() }]);
    const heads = ({ importance }: PassOutcome): number[] => (importance ?? []).filter(({ kind }) => kind === 'heads').map(({ kept }) => kept);
    for (const [share, wanted] of [[0.75, 9], [0.5, 6], [0.34, 5], [0.25, 3]] as const) {
      const kept = heads(await prune(model, { heads: share, criterion: 'random' }));
      assert.equal(kept.reduce((sum, count) => sum + count, 0), wanted, `${share}: ${kept.join()}`);
      assert.ok(kept.every((count) => count >= 1), kept.join());
    }
    await assert.rejects(prune(model, { heads: 0.1 }), { code: 'pruneTargetUnreachable' });
  });

  it('leaves ignored layers, and keeps widths at a grain and a minimum', async () => {
    const model = await transformer([one, one]);
    const { groups } = await findDependencies(model);
    const [first = ''] = groups.filter(({ kind }) => kind === 'heads').map(({ id }) => id);
    const kept = await prune(model, { heads: 2, ignore: [first] });
    assert.equal(kept.forms.has(first), false);
    assert.deepEqual(formsOf(kept), ['2 of 4 heads']);
    assert.deepEqual(formsOf(await prune(model, { neurons: 10, grain: 4 })), ['12 of 32 neurons']);
    assert.deepEqual(formsOf(await prune(model, { neurons: 1, grain: 1, minimum: 7 })), ['7 of 32 neurons']);
  });

  const forms: readonly (readonly [string, Attention, string])[] = [
    ['exported with a head count of -1', exported((net) => net.ints(0, 0, -1, sizes.head)), '2 of 4 heads'],
    ['exported with sizes of Shape nodes', exported((net, flat, x) => shapeOf(net, [sizeOf(net, x, 0), sizeOf(net, flat, 1), net.ints(sizes.heads), net.ints(sizes.head)])), '2 of 4 heads'],
    ['exported with a head count computed when it runs', exported(computedHeads), '2 of 4 heads'],
    ['exported with a head size of the width over the heads', exported((net, flat) => shapeOf(net, [net.ints(0, 0, sizes.heads), headSize(net, flat)])), '2 of 4 heads'],
    ['exported with a shape of which each part is computed', exported((net, flat, x) => shapeOf(net, [sizeOf(net, x, 0), sizeOf(net, x, 1), net.node('Div', [sizeOf(net, flat, 2), headSize(net, flat)]), headSize(net, flat)])), '2 of 4 heads'],
    ['fused MultiHeadAttention', fused, '2 of 4 heads'],
    ['Attention with grouped queries: a key-value head goes with its queries', grouped, '1 of 2 heads'],
  ];
  for (const [title, attention, form] of forms) {
    it(title, async () => {
      const outcome = await prune(await transformer([{ attention, neurons: 32 }], ['batch', 'length']), {});
      assert.deepEqual(formsOf(outcome), ['16 of 32 neurons', form].sort());
      await requireRuns(outcome);
    });
  }

  it('takes heads and neurons whose results are not read first', async () => {
    const model = await transformer([one]);
    const rows = async (kind: 'heads' | 'neurons', isUnread: (unit: number) => boolean): Promise<void> => {
      const { groups } = await findDependencies(model);
      const [group] = groups.filter((own) => own.kind === kind);
      const slot = group?.weights.find(({ tensor, axis }) => axis === 0 && model.graph.initializers.get(tensor)?.dims.length === 2);
      assert.ok(group !== undefined && slot !== undefined);
      const units = [...Array(group.size).keys()].filter(isUnread);
      const unread = new Set(units.flatMap((unit) => [...slot.indices.subarray(unit * slot.perUnit, (unit + 1) * slot.perUnit)]));
      await zeroRows(model, slot.tensor, (row) => unread.has(row));
    };
    await rows('heads', (head) => head === 0 || head === 2);
    await rows('neurons', (neuron) => neuron % 2 === 0);
    await assertSameOutputs(model, (await prune(model, { samples: 16 }, samples(16, [5, sizes.width]))).model, 1e-6);
  });

  it('repeats itself, and comes to the same widths in steps', async () => {
    const model = await transformer([{ attention: exported(), neurons: 32 }]);
    const data = samples(16, [5, sizes.width]);
    const at = async (options: Readonly<Record<string, unknown>>): Promise<Buffer> => bytesOf(await prune(model, { samples: 16, ...options }, data));
    for (const criterion of ['taylor', 'hessian', 'activation', 'random']) assert.ok((await at({ criterion })).equals(await at({ criterion })), criterion);
    assert.deepEqual(formsOf(await prune(model, { heads: 0.25, neurons: 0.25, steps: 3, samples: 16 }, data)), ['1 of 4 heads', '8 of 32 neurons']);
    assert.deepEqual(formsOf(await prune(model, { heads: 1, steps: 2, samples: 16 }, data)), ['1 of 4 heads']);
  });

  it('refuses where nothing goes for kinds that were asked for, and takes what it can where none was named', async () => {
    const small = await transformer([{ attention: exported(), neurons: 2 }]);
    const grain = { grain: 8 };
    assert.deepEqual(formsOf(await prune(small, grain)), ['2 of 4 heads']);
    await assert.rejects(prune(small, { ...grain, neurons: 0.5 }), { code: 'pruneTargetUnreachable', message: /A smaller "grain" \(now 8\) lets more go\.$/u });
    assert.deepEqual(formsOf(await prune(small, {})), ['1 of 2 neurons', '2 of 4 heads'], 'a finer grain');
    await assert.rejects(prune(await transformer([{ neurons: 2 }]), grain), { code: 'pruneTargetUnreachable' });
    await assert.rejects(prune(await transformer([one, one]), { heads: 0.1 }), /Ask for 0\.25 or more\.$/u);
  });

  it('refuses a kind that was asked for and of which nothing may go', async () => {
    const model = await transformer([one]);
    const { groups } = await findDependencies(model);
    const ignore = groups.filter(({ kind }) => kind === 'heads').map(({ id }) => id);
    await assert.rejects(prune(model, { heads: 0.5, neurons: 0.5, ignore }), { code: 'pruneTargetUnreachable', message: /cannot reach 2 .* 4 are left \(1 of before\)\. Nothing may go as the options are\. Fewer layers in "ignore" let more go\.$/u });
    assert.deepEqual(formsOf(await prune(model, { ignore })), ['16 of 32 neurons']);
  });

  it('refuses what cannot be', async () => {
    const model = await transformer([one]);
    await assert.rejects(prune(model, { heads: 1.5 }), { code: 'invalidOption' });
    await assert.rejects(prune(model, { heads: 4 }), /keeps all there are/u);
    await assert.rejects(prune(model, { neurons: 0.99, scope: 'uniform' }), /below 32/u);
    await assert.rejects(prune(model, { criterion: 'taylor' }), { code: 'criterionNeedsData' });
    await assert.rejects(prune(model, { recover: { epochs: 1 } }), { code: 'dataNeeded' });
    await assert.rejects(prune(model, { ignore: ['matmul*'] }), { code: 'nothingToPrune' });
  });

  it('refuses models that are no transformers, and says what there is not', async () => {
    const net = new Net();
    const [x, hidden] = [net.input([1, 16]), 16];
    net.output(net.dense(net.node('Relu', [net.dense(net.node('Relu', [net.dense(x, 16, hidden)]), hidden, hidden)]), hidden, 3));
    const dense = renamed(await net.model(), x);
    await assert.rejects(prune(dense, {}), { code: 'noTransformerUnits', message: /no attention heads and no feed-forward neurons .* "prune\.channels"/u });
    const attentionOnly = await transformer([{ attention: exported() }]);
    assert.deepEqual(formsOf(await prune(attentionOnly, {})), ['2 of 4 heads']);
    await assert.rejects(prune(attentionOnly, { neurons: 0.5 }), { code: 'noTransformerUnits', message: /no feed-forward neurons/u });
    await assert.rejects(prune(await transformer([{ neurons: 32 }]), { heads: 0.5 }), { code: 'noTransformerUnits', message: /no attention heads/u });
  });

  it('names the attention whose heads cannot be taken apart, and why', async () => {
    const locked: Attention = (net, x) => exported((own, flat) => (own.output(flat), fixedSplit(own, flat, x)))(net, x);
    const model = await transformer([{ attention: locked, neurons: 32 }]);
    await assert.rejects(prune(model, { heads: 0.5 }), { code: 'noTransformerUnits', message: /The attention at "matmul\d+" keeps all its heads: it belongs to output "add\d+"/u });
    const outcome = await prune(model, {});
    assert.deepEqual(formsOf(outcome), ['16 of 32 neurons']);
    assert.ok(outcome.findings.some(({ code, text }) => code === 'finding.headsLocked' && /whose shape stays/u.test(text)));
  });

  it('tells feed-forward neurons from values of a lone head', async () => {
    const { width } = sizes;
    const lone: Attention = (net, x) => {
      const [q, k, v] = [net.dense(x, width, width), net.dense(x, width, width), net.dense(x, width, width)];
      const scores = net.node('MatMul', [q, net.node('Transpose', [k], { perm: ints([0, 2, 1]) })]);
      return net.node('MatMul', [net.node('Softmax', [scores], { axis: int(-1) }), v]);
    };
    const model = await transformer([{ attention: lone, neurons: 32 }]);
    const dependencies = await findDependencies(model);
    assert.ok(dependencies.groups.filter(({ kind }) => kind === 'neurons').length > 2);
    assert.deepEqual([...findUnits(model, dependencies).values()], ['neurons']);
  });
});

function shapeOf(net: Net, parts: readonly string[]): string {
  return net.node('Concat', parts, { axis: int(0) });
}

/** The width of the projection over the number of heads. */
function headSize(net: Net, flat: string): string {
  return net.node('Div', [sizeOf(net, flat, 2), net.ints(sizes.heads)]);
}

function computedHeads(...[net, flat, x]: Parameters<Split>): string {
  return shapeOf(net, [sizeOf(net, x, 0), sizeOf(net, x, 1), net.node('Div', [sizeOf(net, flat, 2), net.ints(sizes.head)]), net.ints(sizes.head)]);
}

async function zeroRows({ graph }: Model, name: string, isZero: (row: number) => boolean): Promise<void> {
  const tensor = graph.initializers.get(name);
  assert.ok(tensor !== undefined);
  const values = (await readTensor(tensor)).data as Float32Array;
  const columns = tensor.dims[1] ?? 1;
  graph.initializers.set(name, tensorFrom(name, { type: 'float32', dims: tensor.dims, data: values.map((value, at) => (isZero(Math.floor(at / columns)) ? 0 : value)) }));
}
