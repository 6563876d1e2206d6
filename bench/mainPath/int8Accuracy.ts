// quantize.static with its defaults on classifiers: accuracy before and after on the whole test split, file size, latency
// per layer, all from the report of the command.

import type { CompressReport } from '../../src/protocol/report';
import type { Bench, BenchTable, Claim } from '../lib/bench';
import { decant } from '../lib/decant';
import { asset, inTemporaryFolder } from '../lib/workspace';
import { join } from 'node:path';

interface Subject {
  readonly model: string;
  readonly data: string;
}

const subjects: readonly Subject[] = [
  { model: 'resnet20-cifar10', data: 'cifar10.json' },
  { model: 'fashion-resnet18', data: 'fashion-mnist-subset.json' },
  { model: 'fashion-mobilenetv2', data: 'fashion-mnist-subset.json' },
  { model: 'ds_cnn_l-kws12', data: 'kws-ds-cnn.json' },
];

/** Issue 2: at most 0.5 points of accuracy, at most 0.32 of the file. */
const MAX_DROP = 0.005;
const MAX_SIZE = 0.32;

export const int8Accuracy: Bench = {
  name: 'int8-accuracy',
  title: 'Static int8 with default options: accuracy, size, latency per layer',
  run: (log) => inTemporaryFolder(async (folder) => {
    const reports: { readonly subject: Subject; readonly report: CompressReport }[] = [];
    for (const subject of subjects) {
      const { result, ms } = await decant<CompressReport>('compress', asset(`models/${subject.model}.onnx`), '--data', asset(`data/${subject.data}`),
        '--pass', 'quantize.static', '-o', join(folder, `${subject.model}.int8.onnx`));
      log(`${subject.model}: ${(ms / 1000).toFixed(1)} s`);
      reports.push({ subject, report: result });
    }
    const resnet = reports[0]?.report;
    if (resnet === undefined) throw new Error('no report');
    return {
      claims: claims(resnet),
      tables: [overview(reports), layers(resnet)],
    };
  }),
};

function claims(report: CompressReport): Claim[] {
  const { delta, before, after } = report;
  const drop = -(delta.metric?.value ?? NaN);
  const size = after.bytes / before.bytes;
  return [
    {
      claim: `resnet20-cifar10, ${report.samples} test images: accuracy drop`,
      wanted: `<= ${points(MAX_DROP)} points`,
      found: `${points(drop)} points (${percent(before.metric)} to ${percent(after.metric)}), 95 % interval of the change ${interval(report)}`,
      met: drop <= MAX_DROP,
    },
    { claim: 'resnet20-cifar10: file', wanted: `<= ${MAX_SIZE}`, found: `${size.toFixed(3)} (${before.bytes} to ${after.bytes} bytes)`, met: size <= MAX_SIZE },
  ];
}

function overview(reports: readonly { readonly subject: Subject; readonly report: CompressReport }[]): BenchTable {
  return {
    title: 'Models (latency: medians of one interleaved run, batch 1)',
    columns: ['model', 'samples', 'float', 'int8', 'change in points [95 %]', 'verdict', 'file', 'float ms', 'int8 ms', 'ratio [95 %]'],
    rows: reports.map(({ subject, report: { samples, before, after, delta, ...rest } }) => [
      subject.model, String(samples), percent(before.metric), percent(after.metric),
      `${points(delta.metric?.value ?? NaN)} ${interval({ delta, ...rest })}`, delta.metric?.verdict ?? '',
      (after.bytes / before.bytes).toFixed(3), ms(before.latency?.median), ms(after.latency?.median),
      delta.latency ? `${delta.latency.ratio.toFixed(2)} [${delta.latency.interval.map((bound) => bound.toFixed(2)).join(', ')}]` : '',
    ]),
  };
}

function layers(report: CompressReport): BenchTable {
  return {
    title: 'resnet20-cifar10, layer by layer (mean kernel times in ms; an empty cell is inside the row of another layer)',
    columns: ['layer', 'op', 'form', 'weight bytes', 'float ms', 'int8 ms', 'output SQNR'],
    rows: report.layers.map(({ id, op, before, after, outputError }) => [
      id, op, after.form.text, `${before.weightBytes} to ${after.weightBytes}`, ms(before.latency?.mean), ms(after.latency?.mean),
      outputError === null ? '' : `${outputError.sqnrDb.toFixed(1)} dB`,
    ]),
  };
}

const points = (share: number): string => (share * 100).toFixed(2);
const percent = (value: number | null): string => (value === null ? '' : `${(value * 100).toFixed(2)} %`);
const ms = (value: number | undefined): string => value?.toFixed(3) ?? '';

function interval({ delta }: Pick<CompressReport, 'delta'>): string {
  return delta.metric ? `[${delta.metric.interval.map(points).join(', ')}]` : '';
}
