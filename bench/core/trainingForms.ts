// Graph forms of the gradients of convolutions and of BatchNormalization: what the choices in gradient/convolution/forms.ts,
// batchStatistics.ts and blockedConvolutions.ts rest on. All forms of a row are timed interleaved in one run.

import { float } from '../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeValue } from '../../src/engine/ir/build';
import { elementCount, type Model } from '../../src/engine/ir/model';
import type { NdArray, Session } from '../../src/engine/ports';
import { seededRandom } from '../../src/engine/random';
import { blockConvolutions, channelBlock } from '../../src/engine/train/blockedConvolutions';
import { weightFormOf, weightForms } from '../../src/engine/train/gradient/convolution/forms';
import { type Convolution, correlate, spread, spreadByMirroring } from '../../src/engine/train/gradient/convolution/linearMaps';
import { GraphBuilder } from '../../src/engine/train/graphBuilder';
import { createRuntime } from '../../src/runtime/sessions';
import { timeInterleaved } from '../../src/runtime/timing';
import type { Bench, BenchTable } from '../lib/bench';

const THREADS = 2;
const BUDGET_MS = 600;
/** A chosen form counts as fastest within this of the best: other work on the machine moves timings by as much. */
const TOLERANCE = 1.2;

interface Shape { readonly batch: number; readonly channels: number; readonly size: number; readonly filters: number; readonly kernel: number; readonly stride: number; readonly group: number }

/** Layers of the ResNet-20 and the MobileNetV2 whose throughput is compared with PyTorch's (training-throughput). */
const shapes: readonly Shape[] = [
  { batch: 128, channels: 16, size: 32, filters: 16, kernel: 3, stride: 1, group: 1 },
  { batch: 128, channels: 16, size: 32, filters: 32, kernel: 3, stride: 2, group: 1 },
  { batch: 128, channels: 32, size: 16, filters: 32, kernel: 3, stride: 1, group: 1 },
  { batch: 128, channels: 64, size: 8, filters: 64, kernel: 3, stride: 1, group: 1 },
  { batch: 64, channels: 96, size: 14, filters: 24, kernel: 1, stride: 1, group: 1 },
  { batch: 64, channels: 96, size: 14, filters: 96, kernel: 3, stride: 1, group: 96 },
  { batch: 64, channels: 64, size: 28, filters: 64, kernel: 3, stride: 2, group: 64 },
  { batch: 64, channels: 384, size: 4, filters: 384, kernel: 3, stride: 1, group: 384 },
];

interface Form { readonly name: string; readonly model: Model; readonly feeds: Readonly<Record<string, NdArray>> }
interface Timed { readonly name: string; readonly ms: number }

export const trainingForms: Bench = {
  name: 'training-forms',
  title: 'Graph forms of gradients, by shape',
  async run(log) {
    const block = await channelBlock(createRuntime());
    const weights = new Map<Shape, Timed[]>();
    const inputs = new Map<Shape, Timed[]>();
    for (const shape of shapes) {
      weights.set(shape, await timed(weightFormsOf(shape)));
      inputs.set(shape, await timed(await inputFormsOf(shape, block)));
      log(labelOf(shape));
    }
    const slow = shapes.filter((shape) => {
      const rows = weights.get(shape) ?? [];
      const chosen = rows.find(({ name }) => name === weightFormOf(convolutionOf(shape)))?.ms ?? Infinity;
      return chosen > TOLERANCE * Math.min(...rows.map(({ ms }) => ms));
    });
    return {
      claims: [{ claim: 'the chosen form of dL/dweights is the fastest', wanted: `in each of ${shapes.length} shapes, within ${Math.round((TOLERANCE - 1) * 100)} %`, found: `${shapes.length - slow.length} of ${shapes.length}`, met: slow.length === 0, note: slow.map(labelOf).join('; ') }],
      tables: [
        tableOf('dL/dweights, ms (fastest of interleaved runs); the chosen form in bold', weights, (shape) => weightFormOf(convolutionOf(shape))),
        tableOf('dL/dx, ms: transposed convolution, mirrored weights, mirrored weights in blocked layout', inputs, (shape) => (shape.stride > 1 ? 'transposed' : block === undefined ? 'mirrored' : 'blocked')),
        await passes(),
      ],
    };
  },
};

function convolutionOf({ batch, channels, size, filters, kernel, stride, group }: Shape): Convolution {
  const begin = (kernel - 1) / 2;
  const output = Math.floor((size + 2 * begin - kernel) / stride) + 1;
  return { batch, channels, filters, group, axes: [0, 1].map(() => ({ input: size, output, kernel, stride, dilation: 1, begin })) };
}

function weightFormsOf(shape: Shape): Form[] {
  const convolution = convolutionOf(shape);
  const names = shape.group > 1 ? ['convolution', 'rows'] as const : ['convolution', 'taps', 'shifts'] as const;
  return names.map((name) => formOf(name, convolution, ['x', 'dy'], (build) => weightForms[name](build, 'x', 'dy', convolution)));
}

async function inputFormsOf(shape: Shape, block: number | undefined): Promise<Form[]> {
  const convolution = convolutionOf(shape);
  const transposed = formOf('transposed', convolution, ['dy', 'w'], (build) => spread(build, 'dy', 'w', convolution));
  if (shape.stride > 1) return [transposed];
  const mirrored = formOf('mirrored', convolution, ['dy', 'w'], (build) => spreadByMirroring(build, 'dy', 'w', convolution));
  return block === undefined ? [transposed, mirrored] : [transposed, mirrored, { ...mirrored, name: 'blocked', model: await blockConvolutions(mirrored.model, block) }];
}

function formOf(name: string, { batch, channels, filters, group, axes }: Convolution, operands: readonly string[], write: (build: GraphBuilder) => string): Form {
  const dims: Readonly<Record<string, readonly number[]>> = {
    x: [batch, channels, ...axes.map((axis) => axis.input)], dy: [batch, filters, ...axes.map((axis) => axis.output)], w: [filters, channels / group, ...axes.map((axis) => axis.kernel)],
  };
  return graphForm(name, Object.fromEntries(operands.map((operand) => [operand, dims[operand] ?? []])), write);
}

function graphForm(name: string, inputs: Readonly<Record<string, readonly number[]>>, write: (build: GraphBuilder) => string): Form {
  const graph = makeGraph({ nodes: [], inputs: Object.entries(inputs).map(([input, dims]) => makeValue(input, 'float32', dims)), outputs: [] });
  const build = new GraphBuilder(graph);
  // As inside a training graph: a large result stays in onnxruntime's arena and is not handed out in new memory.
  const result = build.node('ReduceSum', [write(build)]);
  graph.outputs.push(makeValue(result, 'float32', null));
  const random = seededRandom(1);
  const feeds = Object.fromEntries(Object.entries(inputs).map(([input, dims]): [string, NdArray] =>
    [input, { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, () => random() + 0.5) }]));
  return { name, model: makeModel(graph), feeds };
}

async function timed(forms: readonly Form[]): Promise<Timed[]> {
  const sessions: Session[] = [];
  try {
    for (const { model } of forms) sessions.push(await createRuntime().createSession(model, { threads: THREADS, memoryPattern: false }));
    const timings = await timeInterleaved(forms.map(({ feeds }, index) => () => (sessions[index] as Session).run(feeds)), { budgetMs: BUDGET_MS });
    // The fastest run: what else the machine does can only add.
    return forms.map(({ name }, index) => ({ name, ms: Math.min(...(timings[index]?.samples ?? [])) }));
  } finally {
    for (const session of sessions) await session.release();
  }
}

/** Single passes over an activation of [128, 16, 32, 32] that the formulas are made of. */
async function passes(): Promise<BenchTable> {
  const x = [128, 16, 32, 32];
  const [channels, axes] = [[16], [0, 2, 3]];
  const perChannel = (build: GraphBuilder, tensor: string): string => build.reshape(tensor, [16, 1, 1]);
  const convolution = convolutionOf({ batch: 128, channels: 16, size: 32, filters: 16, kernel: 3, stride: 1, group: 1 });
  const forms = [
    graphForm('x * s + t: Mul, Add', { x, s: channels, t: channels }, (build) => build.add(build.mul('x', perChannel(build, 's')), perChannel(build, 't'))),
    graphForm('x * s + t: BatchNormalization', { x, s: channels, t: channels, m: channels, v: channels }, (build) => build.node('BatchNormalization', ['x', 's', 't', 'm', 'v'], { epsilon: float(0) })),
    graphForm('sum by channel: ReduceSum', { x }, (build) => build.reduceSum('x', axes, false)),
    graphForm('squares by channel: ReduceSumSquare', { x }, (build) => build.node('ReduceSumSquare', ['x', build.ints(axes)])),
    graphForm('squares of centred values: ReduceMean, Sub, ReduceSumSquare', { x }, (build) => build.node('ReduceSumSquare', [build.sub('x', build.reduceMean('x', axes)), build.ints(axes)])),
    graphForm('3 x 3 convolution with computed weights', { x, w: [16, 16, 3, 3] }, (build) => correlate(build, 'x', 'w', convolution)),
  ];
  const rows = await timed(forms);
  return { title: 'Passes over [128, 16, 32, 32], ms', columns: ['pass', 'ms'], rows: rows.map(({ name, ms }) => [name, ms.toFixed(2)]) };
}

function tableOf(title: string, results: ReadonlyMap<Shape, readonly Timed[]>, chosen: (shape: Shape) => string): BenchTable {
  const names = [...new Set([...results.values()].flatMap((rows) => rows.map(({ name }) => name)))];
  return {
    title, columns: ['batch, channels, size; filters, kernel, stride, groups', ...names],
    rows: [...results].map(([shape, rows]) => [labelOf(shape), ...names.map((name) => {
      const ms = rows.find((row) => row.name === name)?.ms;
      return ms === undefined ? '' : name === chosen(shape) ? `**${ms.toFixed(2)}**` : ms.toFixed(2);
    })]),
  };
}

const labelOf = ({ batch, channels, size, filters, kernel, stride, group }: Shape): string =>
  `${batch} x ${channels} x ${size} x ${size}; ${filters}, ${kernel} x ${kernel}, ${stride}, ${group}`;
