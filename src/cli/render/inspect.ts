// The report of `decant inspect` for people.

import { formatBytes, formatCount, formatShape } from '../../protocol/format';
import type { InspectReport, ValueDescription } from '../../protocol/report';
import { renderPairs, renderTable } from '../table';
import type { Look } from '../terminal';
import { renderFindings } from './findings';

export function renderInspect(report: InspectReport, look: Look): string[] {
  const { model, totals } = report;
  const opsets = Object.entries(model.opsets).map(([domain, version]) => (domain === '' || domain === 'ai.onnx' ? String(version) : `${domain} ${version}`)).join(', ');
  const operators = Object.entries(report.operators).sort(([, a], [, b]) => b - a).map(([op, count]) => `${op} ${count}`).join(', ');
  return [
    ...renderPairs([
      [look.say('table.file'), `${model.path} (${formatBytes(model.bytes)})`],
      [look.say('table.format'), look.say('command.formatLine', { ir: model.irVersion, opsets, producer: model.producer || '?' })],
      [look.say('table.inputs'), values(model.inputs)],
      [look.say('table.outputs'), values(model.outputs)],
      [look.say('table.nodes'), String(totals.nodes)],
      [look.say('table.operators'), operators],
      [look.say('table.parameters'), formatCount(totals.parameters)],
      [look.say('table.weights'), formatBytes(totals.weightBytes)],
      [look.say('table.macs'), formatCount(totals.macs)],
      [look.say('table.peakActivations'), formatBytes(totals.peakActivationBytes)],
    ], look),
    '',
    ...renderTable([
      { title: look.say('table.layer'), shrink: true },
      { title: look.say('table.op') },
      { title: look.say('table.type'), drop: 3 },
      { title: look.say('table.output'), drop: 1 },
      { title: look.say('table.parameters'), align: 'right' },
      { title: look.say('table.weights'), align: 'right' },
      { title: look.say('table.macs'), align: 'right' },
      { title: look.say('table.activations'), align: 'right', drop: 2 },
    ], report.layers.map((layer) => [
      layer.id, layer.op, layer.type, formatShape(layer.outputs[0]?.shape ?? null),
      formatCount(layer.parameters), formatBytes(layer.weightBytes), formatCount(layer.macs), formatBytes(layer.activationBytes),
    ]), look),
    ...renderFindings(report.findings, look),
  ];
}

function values(list: readonly ValueDescription[]): string {
  return list.map(({ name, type, shape }) => `${name}: ${type} [${formatShape(shape)}]`).join(', ');
}
