// Choices that cannot be made, names that stay, shapes that are computed when the model runs, and random graphs.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findDependencies } from '../../../../../src/engine/analysis/dependencies/index';
import { EngineError } from '../../../../../src/engine/error';
import { int, ints } from '../../../../../src/engine/ir/attributes';
import type { Tensor } from '../../../../../src/engine/ir/model';
import { readTensor, tensorFrom } from '../../../../../src/engine/ir/tensors';
import { removeUnits, sliceTensor } from '../../../../../src/engine/passes/prune/surgery/index';
import { recordSparse, sparseMasks, sparseTensors } from '../../../../../src/engine/passes/prune/weights/masks';
import { memorySource } from '../../../../support/memorySource';
import { halved, Net } from '../../../../support/pruning';

async function twoLayers() {
  const net = new Net();
  net.output(net.conv(net.node('Relu', [net.conv(net.input([1, 3, 4, 4]), 3, 4)]), 4, 2));
  const model = await net.model();
  return { model, dependencies: await findDependencies(model) };
}

describe('removing units', () => {
  it('refuses to leave nothing, and units that are not there', async () => {
    const { model, dependencies } = await twoLayers();
    const [group] = dependencies.groups;
    assert.ok(group !== undefined);
    const refused = (code: string) => (error: unknown) => error instanceof EngineError && error.code === code;
    await assert.rejects(removeUnits(model, dependencies, new Map([[group.id, [0, 1, 2, 3]]])), refused('pruneEmpty'));
    await assert.rejects(removeUnits(model, dependencies, new Map([[group.id, [4]]])), refused('pruneUnknownUnits'));
    await assert.rejects(removeUnits(model, dependencies, new Map([['nothing', [0]]])), refused('pruneUnknownUnits'));
  });

  it('keeps all names and does not touch the given model', async () => {
    const { model, dependencies } = await twoLayers();
    const names = (of: typeof model): unknown => [of.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs]), [...of.graph.initializers.keys()]];
    const dims = [...model.graph.initializers.values()].map((tensor) => tensor.dims);
    const { model: pruned, kept } = await removeUnits(model, dependencies, new Map([[dependencies.groups[0]?.id ?? '', [1, 3]]]));
    assert.deepEqual(names(pruned), names(model));
    assert.deepEqual([...model.graph.initializers.values()].map((tensor) => tensor.dims), dims);
    assert.deepEqual([...pruned.graph.initializers.values()].map((tensor) => tensor.dims), [[2, 3, 1, 1], [2], [2, 2, 1, 1], [2]]);
    assert.deepEqual(kept.of(model.graph.nodes[0]?.outputs[0] ?? '', 1), Int32Array.of(0, 2));
    const untouched = await removeUnits(model, dependencies, new Map());
    assert.deepEqual(names(untouched.model), names(model));
  });

  it('keeps the names of weights that layers share, in which notes of sparse ones hold', async () => {
    const net = new Net();
    const [kernel, last] = [net.weight(6, 3, 3, 3), net.weight(2, 6, 1, 1)];
    const branch = (x: string): string => net.node('Conv', [net.node('Relu', [net.node('Conv', [x, kernel])]), last]);
    net.output(net.node('Add', [branch(net.input([1, 3, 5, 5])), branch(net.input([1, 3, 5, 5]))]));
    const model = await net.model();
    const dependencies = await findDependencies(model);
    recordSparse(model, [kernel, last]);
    const { model: pruned } = await removeUnits(model, dependencies, new Map([[dependencies.groups[0]?.id ?? '', [0, 2, 5]]]));
    assert.deepEqual(sparseTensors(pruned), [kernel, last].sort());
    assert.deepEqual([...(await sparseMasks(pruned)).values()].map(({ length }) => length).sort((a, b) => a - b), [2 * 3, 3 * 27]);
  });

  it('shares a constant between a node that shrinks and one that does not', async () => {
    const net = new Net();
    const target = net.ints(1, 8, 1);
    const x = net.node('Flatten', [net.node('GlobalAveragePool', [net.conv(net.input([1, 3, 4, 4]), 3, 8)])]);
    net.output(net.node('MatMul', [net.weight(2, 8), net.node('Reshape', [x, target])]));
    net.output(net.node('Reshape', [net.input([8]), target]));
    const { dependencies, difference } = await halved(await net.model());
    assert.deepEqual(dependencies.groups.map(({ size }) => size), [8]);
    assert.ok(difference < 1e-5);
  });

  for (const [title, alone] of [['changes the constant part of a computed shape', true], ['puts sizes into a shape that several nodes compute', false]] as const) {
    it(title, async () => {
      const net = new Net();
      const image = net.input(['N', 3, 4, 4]);
      const x = net.conv(image, 3, 6);
      const batch = net.node('Gather', [net.node('Shape', [image]), net.ints(0)], { axis: int(0) });
      const target = net.node('Concat', [batch, net.ints(6, 16)], { axis: int(0) });
      const flat = net.node('Transpose', [net.node('Reshape', [x, target])], { perm: ints([0, 2, 1]) });
      net.output(net.dense(flat, 6, 2));
      if (!alone) net.output(target, 'int64');
      const { dependencies, pruned, difference } = await halved(await net.model());
      assert.deepEqual(dependencies.groups.map(({ size }) => size), [6]);
      assert.equal(pruned.graph.nodes.some(({ opType }) => opType === 'ScatterElements'), !alone);
      assert.ok(difference < 1e-5);
    });
  }
});

// ── random graphs ────────────────────────────────────────────────────────────────────────────────────────────────

/** Tensors so far, all [1, channels, 4, 4]. */
interface Made {
  readonly name: string;
  readonly channels: number;
}

const kinds = ['conv', 'grouped', 'depthwise', 'norm', 'relu', 'sigmoid', 'add', 'concat', 'swap', 'shuffle', 'gate', 'slice', 'pad', 'roundTrip', 'transposed', 'groupNorm', 'spaces'] as const;
type Kind = (typeof kinds)[number];

/** Another tensor from those there are; the numbers choose. */
function grow(net: Net, made: readonly Made[], kind: Kind, choice: number): Made {
  const x = made[choice % made.length] ?? { name: '', channels: 0 };
  const { name, channels } = x;
  const even = channels % 2 === 0;
  const same = (op: string, ...rest: string[]): Made => ({ name: net.node(op, [name, ...rest]), channels });
  switch (kind) {
    case 'conv': return { name: net.conv(name, channels, 2 + (choice % 5), { kernel: 3 }), channels: 2 + (choice % 5) };
    case 'grouped': return even ? { name: net.conv(name, channels, 4, { group: 2 }), channels: 4 } : same('Tanh');
    case 'depthwise': return { name: net.conv(name, channels, channels, { group: channels, kernel: 3 }), channels };
    case 'norm': return same('BatchNormalization', net.positive(channels), net.weight(channels), net.weight(channels), net.positive(channels));
    case 'relu': return same('Relu');
    case 'sigmoid': return same('Sigmoid');
    case 'add': {
      const other = made.find((one) => one.channels === channels && one.name !== name);
      return other === undefined ? same('Add', net.weight(channels, 1, 1)) : same('Add', other.name);
    }
    case 'concat': {
      const other = made[(choice * 7) % made.length] ?? x;
      return { name: net.node('Concat', [name, other.name], { axis: int(1) }), channels: channels + other.channels };
    }
    case 'swap': {
      if (channels < 2) return same('Neg');
      const cut = 1 + (choice % (channels - 1));
      const [a = '', b = ''] = net.several('Split', [name, net.ints(cut, channels - cut)], 2, { axis: int(1) });
      return { name: net.node('Concat', [b, a], { axis: int(1) }), channels };
    }
    case 'shuffle': {
      if (!even) return same('Abs');
      const split = net.node('Transpose', [net.node('Reshape', [name, net.ints(1, 2, channels / 2, 4, 4)])], { perm: ints([0, 2, 1, 3, 4]) });
      return { name: net.node('Reshape', [split, net.ints(0, -1, 4, 4)]), channels };
    }
    case 'gate': return same('Mul', net.node('Sigmoid', [net.conv(net.node('GlobalAveragePool', [name]), channels, channels)]));
    case 'slice': return channels < 3 ? same('Elu') : { name: net.node('Slice', [name, net.ints(1), net.ints(channels - 1), net.ints(1)]), channels: channels - 2 };
    case 'pad': return { name: net.node('Pad', [name, net.ints(1, 2), '', net.ints(1)]), channels: channels + 3 };
    case 'roundTrip': return { name: net.node('Reshape', [net.node('Reshape', [name, net.ints(1, channels * 16)]), net.ints(1, channels, 4, 4)]), channels };
    case 'transposed': return { name: net.node('ConvTranspose', [name, net.weight(channels, 3, 1, 1), net.weight(3)]), channels: 3 };
    case 'groupNorm': return even ? same('InstanceNormalization', net.positive(channels), net.weight(channels)) : same('Softplus');
    case 'spaces': {
      const deep = net.node('SpaceToDepth', [name], { blocksize: int(2) });
      return { name: net.node('DepthToSpace', [net.conv(deep, channels * 4, channels * 4)], { blocksize: int(2) }), channels };
    }
  }
}

describe('surgery on random graphs', function () {
  this.timeout(60_000);
  it('leaves what zeroing leaves', async () => {
    let units = 0;
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(1000)), { minLength: 3, maxLength: 14 }), fc.nat(100), async (steps, seed) => {
      const net = new Net();
      const made: Made[] = [{ name: net.conv(net.input([1, 3, 4, 4]), 3, 6), channels: 6 }];
      for (const [kind, choice] of steps) made.push(grow(net, made, kind, choice));
      const last = made.slice(-2);
      const joined = net.node('Concat', last.map(({ name }) => name), { axis: int(1) });
      const width = last.reduce((sum, { channels }) => sum + channels, 0);
      net.output(net.dense(net.node('Flatten', [joined]), width * 16, 3));
      const { dependencies, difference } = await halved(await net.model(), seed);
      units += dependencies.groups.reduce((sum, { size }) => sum + size, 0);
      assert.ok(difference <= 5e-5, `differs by ${difference}`);
    }), { numRuns: 60, seed: 7 });
    assert.ok(units > 300, `${units} units in all graphs`);
  });
});

describe('slicing a tensor', () => {
  it('keeps what a plain copy keeps, from memory and from a file, in all encodings', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), fc.constantFrom('float32', 'float16', 'int8', 'int64', 'float64'), fc.nat(), fc.boolean(), async (dims, type, bits, onDisk) => {
      const count = dims.reduce((product, dim) => product * dim, 1);
      const values = Array.from({ length: count }, (_, at) => at % 120);
      const data = { float32: Float32Array, float16: Uint16Array, int8: Int8Array, float64: Float64Array, int64: undefined }[type]?.from(values) ?? BigInt64Array.from(values, BigInt);
      const stored = tensorFrom('t', { type, dims, data });
      const kept = dims.map((dim, axis) => {
        const entries = Array.from({ length: dim }, (_, at) => at).filter((at) => at === 0 || ((bits >> (axis * 5 + at)) & 1) === 1);
        return entries.length === dim ? undefined : Int32Array.from(entries);
      });
      const sliced = await sliceTensor(onDisk ? lazy(stored) : stored, kept);
      const wanted = values.filter((_, at) => {
        let rest = at;
        return dims.toReversed().every((dim, back) => {
          const own = rest % dim;
          rest = Math.floor(rest / dim);
          return kept[dims.length - 1 - back]?.includes(own) ?? true;
        });
      });
      const found = await readTensor(kept.some((entries) => entries !== undefined) ? sliced : stored);
      assert.deepEqual(Array.from(found.data as ArrayLike<number | bigint>, Number), wanted);
    }), { numRuns: 200 });
  });

  it('keeps integers that are stored as varints', async () => {
    const tensor: Tensor = { name: 't', type: 'int64', dims: [4], data: { encoding: 'int64', at: { bytes: Uint8Array.of(7, 0x80, 1, 3, 9) } } };
    assert.deepEqual((await readTensor(await sliceTensor(tensor, [Int32Array.of(1, 3)]))).data, BigInt64Array.of(128n, 9n));
  });
});

function lazy(tensor: Tensor): Tensor {
  if ('strings' in tensor.data || !('bytes' in tensor.data.at)) return tensor;
  const { bytes } = tensor.data.at;
  const padded = new Uint8Array(bytes.length + 3);
  padded.set(bytes, 3);
  return { ...tensor, data: { encoding: 'raw', at: { source: memorySource(padded), offset: 3, length: bytes.length } } };
}
