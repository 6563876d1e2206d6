// The report of `decant profile` for people: layers with a bar of their share.

import { formatMs, formatPercent } from '../../protocol/format';
import type { ProfileReport } from '../../protocol/report';
import { renderPairs, renderTable } from '../table';
import type { Look } from '../terminal';
import { renderFindings } from './findings';

/** Width (columns) of the bar of a layer that takes the whole time. */
const BAR = 20;

export function renderProfile(report: ProfileReport, look: Look): string[] {
  const { latency, profiled } = report;
  const used = Object.entries(report.provider.used).map(([name, count]) => `${name} ${count}`).join(', ');
  const share = (mean: number): string => formatPercent(profiled.mean === 0 ? null : mean / profiled.mean);
  return [
    ...renderPairs([
      [look.say('table.latency'), `${formatMs(latency.median)} (${formatMs(latency.p10)} .. ${formatMs(latency.p90)})`],
      ['', look.say('command.runsLine', { runs: report.runs, provider: report.provider.requested, threads: report.threads, batch: report.batch })],
      [look.say('table.profiled'), look.say('command.profiledLine', { mean: formatMs(profiled.mean), ratio: profiled.ratio.toFixed(2) })],
      [look.say('table.provider'), used],
    ], look),
    '',
    ...renderTable([
      { title: look.say('table.layer'), shrink: true },
      { title: look.say('table.op') },
      { title: look.say('table.provider'), drop: 1 },
      { title: look.say('table.mean'), align: 'right' },
      { title: look.say('table.spread'), align: 'right', drop: 2 },
      { title: look.say('table.share'), align: 'right' },
      { title: '', drop: 3 },
    ], [
      ...report.layers.map((layer) => [
        layer.layers === undefined ? layer.id : layer.layers.join(' + '), layer.op, layer.provider, formatMs(layer.latency.mean),
        `${formatMs(layer.latency.p10)} .. ${formatMs(layer.latency.p90)}`, formatPercent(layer.share), bar(layer.share),
      ]),
      ...([['table.layout', report.layout], ['table.overhead', report.overhead]] as const).map(([label, mean]) => [
        look.say(label), '', '', formatMs(mean), '', share(mean), bar(profiled.mean === 0 ? 0 : mean / profiled.mean),
      ]),
    ], look),
    ...renderFindings(report.findings, look),
  ];
}

function bar(share: number): string {
  return '█'.repeat(Math.max(0, Math.min(BAR, Math.round(share * BAR))));
}
