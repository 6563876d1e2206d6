// A ResNet-20 on CIFAR-10 as `inspect`, `profile` and `compress` would tell it, with times and errors made up but plausible.

import type { PassDescription } from '../../../src/protocol/passes';
import type { CompressReport, ImportanceCurve, InspectReport, LayerDescription, LayerFactors, LayerReport, ProfileReport } from '../../../src/protocol/report';
import { said } from '../../../src/protocol/text/index';

interface Block {
  readonly name: string;
  readonly op: 'Conv' | 'Gemm';
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly kernel: number;
}

function blocks(): readonly Block[] {
  const stages = [
    { channels: 16, size: 32 },
    { channels: 32, size: 16 },
    { channels: 64, size: 8 },
  ];
  const convs: Block[] = [{ name: 'conv1', op: 'Conv', inputs: 3, outputs: 16, size: 32, kernel: 3 }];
  stages.forEach(({ channels, size }, stage) => {
    for (let block = 0; block < 3; block++)
      for (let conv = 1; conv <= 2; conv++) {
        const inputs = block === 0 && conv === 1 && stage > 0 ? channels / 2 : channels;
        convs.push({ name: `layer${stage + 1}.${block}.conv${conv}`, op: 'Conv', inputs, outputs: channels, size, kernel: 3 });
      }
  });
  return [...convs, { name: 'linear', op: 'Gemm', inputs: 64, outputs: 10, size: 1, kernel: 1 }];
}

function describe({ name, op, inputs, outputs, size, kernel }: Block): LayerDescription {
  const parameters = inputs * outputs * kernel * kernel + outputs * (op === 'Conv' ? 4 : 1);
  const spatial = (channels: number): readonly (number | string)[] => (op === 'Conv' ? ['batch', channels, size, size] : ['batch', channels]);
  const id = `/${name.replaceAll('.', '/')}/${op}_output_0`;
  return {
    id,
    name: `/${name.replaceAll('.', '/')}/${op}`,
    op,
    nodes: op === 'Conv' ? [`/${name}/Conv`, `/${name.replace('conv', 'bn')}/BatchNormalization`, `/${name}/Relu`] : [`/${name}/Gemm`],
    parameters,
    weightBytes: parameters * 4,
    macs: inputs * outputs * kernel * kernel * size * size,
    activationBytes: outputs * size * size * 4,
    inputs: [{ name: `${id}.in`, type: 'float32', shape: spatial(inputs) }],
    outputs: [{ name: id, type: 'float32', shape: spatial(outputs) }],
    type: 'float32',
  };
}

const layers: readonly LayerDescription[] = blocks().map(describe);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const resnet: InspectReport = {
  version: 1,
  model: {
    path: '/models/resnet20-cifar10.onnx',
    bytes: 1_096_488,
    irVersion: 8,
    opsets: { '': 13 },
    producer: 'pytorch 2.1.0',
    inputs: [{ name: 'input', type: 'float32', shape: ['batch', 3, 32, 32] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 10] }],
  },
  totals: { nodes: 69, parameters: sum(layers.map((layer) => layer.parameters)), weightBytes: sum(layers.map((layer) => layer.weightBytes)), macs: sum(layers.map((layer) => layer.macs ?? 0)), peakActivationBytes: 196_608 },
  layers,
  operators: { Conv: 19, BatchNormalization: 19, Relu: 19, Add: 9, Slice: 2, Pad: 2, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 },
  findings: [{ ...said('finding.symbolicInput', { input: 'input', dim: 'batch', size: 1 }), severity: 'info' }],
};

const times = layers.map((layer) => 0.004 + (layer.macs ?? 0) * 1.7e-8);

export const profile: ProfileReport = {
  version: 1,
  provider: { requested: 'cpu', used: { cpu: 42 } },
  threads: 2,
  batch: 1,
  runs: 200,
  latency: { median: 0.914, p10: 0.887, p90: 1.021 },
  profiled: { mean: sum(times) + 0.06, ratio: 1.06 },
  layers: layers.map((layer, index) => ({ id: layer.id, op: layer.op, latency: { mean: times[index] ?? 0, p10: (times[index] ?? 0) * 0.96, p90: (times[index] ?? 0) * 1.08 }, share: (times[index] ?? 0) / sum(times), provider: 'cpu' })),
  layout: 0.038,
  overhead: 0.022,
  findings: [],
};

function reportOf(layer: LayerDescription, index: number): LayerReport {
  const before = times[index] ?? 0;
  const factor = layer.op === 'Gemm' ? 1.01 : index < 7 ? 1.22 : 0.5 + (index % 3) * 0.09;
  const spread = (mean: number): { mean: number; p10: number; p90: number } => ({ mean, p10: mean * 0.96, p90: mean * 1.06 });
  return {
    id: layer.id,
    op: layer.op,
    before: { parameters: layer.parameters, weightBytes: layer.weightBytes, macs: layer.macs, latency: spread(before) },
    after: { parameters: layer.parameters, weightBytes: Math.round(layer.weightBytes * 0.27), macs: layer.macs, latency: spread(before * factor), form: said('form.int8PerChannel') },
    outputError: { sqnrDb: 38 - index * 0.83 + (index % 4), cosine: 0.9998 - index * 0.00004 },
    accuracyDelta: null,
    passes: ['cleanup', 'quantize.static'],
  };
}

/** Curves of a pass that removed a quarter of the channels: of `count` groups, the first of which are the first layers; the second group has two. */
export function importanceCurves(count: number): readonly ImportanceCurve[] {
  return Array.from({ length: count }, (_, index): ImportanceCurve => {
    const layer = layers[index]?.id ?? `/block${index}/Conv_output_0`;
    const total = 16 * (1 + (index % 4));
    return {
      layer, kind: 'channels', criterion: 'taylor', total, kept: index === 2 ? total / 2 : (total * 3) / 4,
      ...(index === 1 && { layers: [layer, layers[3]?.id ?? ''] }),
      values: Array.from({ length: total }, (_value, unit) => 0.2 + 1.6 * (unit / (total - 1)) ** 2),
    };
  });
}

export const report: CompressReport = {
  version: 1,
  recipe: { version: 1, passes: [{ pass: 'quantize.static' }] },
  output: '/models/resnet20-cifar10.int8.onnx',
  inputs: { '/models/resnet20-cifar10.onnx': '00'.repeat(32) },
  environment: { cpu: 'Intel(R) Xeon(R) Processor @ 2.10GHz', cpuFeatures: ['avx512_vnni'], threads: 2, runtime: 'onnxruntime 1.30.0', provider: 'cpu' },
  metricName: 'top1',
  samples: 10_000,
  before: { bytes: 1_096_488, weightBytes: 1_080_000, parameters: 272_474, macs: 40_813_184, latency: { median: 0.914, p10: 0.887, p90: 1.021 }, metric: 0.8103 },
  after: { bytes: 318_214, weightBytes: 291_000, parameters: 271_098, macs: 40_813_184, latency: { median: 0.752, p10: 0.731, p90: 0.842 }, metric: 0.8089 },
  delta: {
    bytes: -778_274,
    weightBytes: -789_000,
    parameters: -1376,
    macs: 0,
    latency: { difference: -0.162, ratio: 0.823, interval: [0.79, 0.86], verdict: 'better' },
    metric: { value: -0.0014, interval: [-0.0034, 0.0006], verdict: 'undecided' },
  },
  layers: layers.map(reportOf),
  steps: [{
    pass: 'prune.channels', options: {}, seconds: 4, bytes: 318_214, parameters: 271_098, macs: 40_813_184, metric: 0.7412, importance: importanceCurves(12),
  }, {
    pass: 'finetune', options: { epochs: 5 }, seconds: 94, bytes: 318_214, parameters: 271_098, macs: 40_813_184, metric: 0.8089,
    training: {
      metricName: 'top1',
      higherIsBetter: true,
      bestEpoch: 4,
      epochs: [
        { epoch: 0, loss: null, metric: 0.7412, learningRate: 0 },
        { epoch: 1, loss: 0.8123, metric: 0.7731, learningRate: 0.0009 },
        { epoch: 2, loss: 0.6121, metric: 0.7896, learningRate: 0.0007 },
        { epoch: 3, loss: 0.4817, metric: 0.7854, learningRate: 0.0003 },
        { epoch: 4, loss: 0.4102, metric: 0.8043, learningRate: 0.0001 },
        { epoch: 5, loss: 0.3918, metric: 0.8031, learningRate: 0 },
      ],
    },
  }],
  warnings: [{ ...said('finding.noGain', { count: 1, total: 24, layers: 'conv1 (0.012 → 0.016 ms)' }), severity: 'info' }],
};

const methods = ['tucker', 'spatial', 'cp', 'svd'] as const;

/** What a pass split `count` layers into, the first of which are the first layers: Tucker, spatial, CP and SVD in turn. */
export function layerFactors(count: number): readonly LayerFactors[] {
  return Array.from({ length: count }, (_, index) => {
    const { id: layer, parameters, macs, outputs } = layers[index] ?? { id: `/block${index}/Conv_output_0`, parameters: 36_864, macs: 2_359_296, outputs: [] };
    const method = methods[index % methods.length] ?? 'svd';
    const width = Number(outputs[0]?.shape?.[1] ?? 64);
    const kept = Math.max(4, width / 4);
    const share = 0.3 + (index % 5) * 0.05;
    const falling = (length: number): readonly number[] => Array.from({ length }, (_value, rank) => Math.exp((-9 * rank) / width));
    return {
      layer, method,
      modes: method === 'tucker'
        ? [{ name: 'inputs', kept, full: width, values: falling(width) }, { name: 'outputs', kept: 2 * kept, full: width, values: falling(width) }]
        : [{ name: 'rank', kept, full: method === 'cp' ? 9 * width : width, values: falling(method === 'cp' ? kept : width) }],
      parameters: [parameters, Math.round(parameters * share)],
      macs: macs === null ? null : [macs, Math.round(macs * share)],
      latency: index % 3 === 2 ? null : [0.041, 0.041 * (share + 0.2)],
      weightError: 0.05 + index * 0.01,
      activationError: index % 3 === 2 ? null : 0.004 + index * 0.002,
    };
  });
}

/** The report of a pass that split the first twelve layers. */
export const factoredReport: CompressReport = {
  ...report,
  steps: [{ pass: 'decompose', options: {}, seconds: 12, bytes: 318_214, parameters: 171_098, macs: 20_813_184, metric: 0.8012, factors: layerFactors(12) }],
};

export const passes: readonly PassDescription[] = [
  {
    id: 'quantize.static',
    data: 'required',
    suffix: 'int8',
    options: {
      type: 'object',
      additionalProperties: false,
      properties: {
        effort: { enum: ['fast', 'balanced', 'best'], default: 'fast', notReady: ['balanced', 'best'] },
        calibration: { anyOf: [{ const: 'mse' }, { const: 'minmax' }, { const: 'percentile' }], default: 'mse' },
        samples: { type: 'integer', minimum: 1, maximum: 100_000, default: 256 },
        percentile: { type: 'number', exclusiveMinimum: 50, exclusiveMaximum: 100, default: 99.99, advanced: true },
        perChannel: { type: 'boolean', default: true },
        reduceRange: { anyOf: [{ const: 'auto' }, { type: 'boolean' }], default: 'auto', advanced: true },
        ignore: { type: 'array', items: { type: 'string' }, default: [] },
        bits: { type: 'object', default: { weights: 8, activations: 8 }, advanced: true, properties: { weights: { type: 'integer', minimum: 2, maximum: 8, default: 8 }, activations: { type: 'integer', default: 8 } } },
      },
    },
  },
  {
    id: 'quantize.dynamic',
    data: 'none',
    suffix: 'int8',
    options: { type: 'object', properties: { weights: { enum: ['auto', 's8', 'u8'], default: 'auto' }, perChannel: { type: 'boolean', default: true }, ignore: { type: 'array', items: { type: 'string' }, default: [] } } },
  },
  {
    id: 'prune.channels',
    data: 'optional',
    suffix: 'pruned',
    options: { type: 'object', required: ['macs'], properties: { macs: { anyOf: [{ type: 'number' }, { type: 'string' }] }, losses: { type: 'array', items: { type: 'object' } } } },
  },
];

/** The same model with as many layers as asked for, to feel long tables. */
export function longModel(count: number): InspectReport {
  const many = Array.from({ length: count }, (_, index) => {
    const layer = layers[index % layers.length];
    if (layer === undefined) throw new Error('the fixture has no layers');
    return { ...layer, id: `${layer.id}#${index}`, name: `${layer.name}#${index}` };
  });
  return { ...resnet, layers: many };
}
