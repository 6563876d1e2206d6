// What `prune.channels` tells: what became of each layer, what went, what could not go and why.

import { formatBytes, formatCount, formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { type FormCode, said, type Said, type TextParams } from '../../../../protocol/text/index';
import type { Dependencies, GroupKind, LockedLayer } from '../../../analysis/dependencies/index';
import type { Split } from '../../../data/dataset';
import type { Origins } from '../../pass';
import type { ChosenUnits } from '../surgery/index';
import type { Costs } from './cost';
import type { ChannelsSettings, Measure } from './options';

export interface Told {
  readonly dependencies: Dependencies;
  readonly chosen: ChosenUnits;
  readonly settings: ChannelsSettings;
  readonly before: Costs;
  readonly after: Costs;
  /** BatchNormalizations whose statistics were measured anew. */
  readonly renewed: number;
  readonly split: Split | undefined;
  readonly hasNorms: boolean;
  /** Groups that the criterion said nothing about. */
  readonly unranked: number;
  readonly origins: Origins;
}

export function layersFrom(id: string, origins: Origins): readonly string[] {
  const layers = origins.get(id) ?? [];
  return layers.length > 0 ? layers : [id];
}

export function formatCost(measure: Measure, value: number): string {
  return measure === 'bytes' ? formatBytes(value) : formatCount(value);
}

/** Parameters of `finding.layerLocked`. */
export function lockedFinding({ layer, lock }: LockedLayer, origins: Origins): TextParams {
  return { ...lock.params, layer: layersFrom(layer, origins)[0] ?? layer, why: lock.code };
}

const kinds = { channels: 'form.units.channels', heads: 'form.units.heads', neurons: 'form.units.neurons', hidden: 'form.units.hidden' } as const satisfies Record<GroupKind, FormCode>;

interface Width {
  kept: number;
  total: number;
  readonly kind: GroupKind;
}

/** Layers that lost units of their own say so; layers that only read fewer say that. */
export function formsOf({ dependencies: { groups }, chosen, origins }: Told): ReadonlyMap<string, Said<FormCode>> {
  const [made, read] = [new Map<string, Width>(), new Map<string, Width>()];
  for (const { id, kind, size, layers } of groups) {
    const kept = size - [...(chosen.get(id) ?? [])].length;
    for (const { id: layer, role } of layers) {
      const widths = role === 'reads' ? read : made;
      const width = widths.get(layer) ?? { kept: 0, total: 0, kind };
      widths.set(layer, { ...width, kept: width.kept + kept, total: width.total + size });
    }
  }
  const forms = new Map<string, Said<FormCode>>();
  const say = (code: 'form.pruned' | 'form.prunedInput', widths: ReadonlyMap<string, Width>): void => {
    for (const [id, { kept, total, kind }] of widths) {
      if (kept < total) for (const layer of layersFrom(id, origins)) forms.set(layer, said(code, { kept, total, kind: kinds[kind] }));
    }
  };
  say('form.prunedInput', read);
  say('form.pruned', made);
  return forms;
}

export function findingsOf(told: Told): Finding[] {
  const { dependencies: { groups, locked }, chosen, settings, before, after, renewed, split, hasNorms, unranked, origins } = told;
  const removed = [...chosen.values()].reduce((sum, units) => sum + [...units].length, 0);
  const share = (measure: Measure): string => formatPercent((after[measure] ?? NaN) / (before[measure] ?? NaN));
  const findings: Finding[] = [{
    severity: 'info',
    ...said('finding.pruned', {
      criterion: `value.criterion.${settings.criterion}`, removed, total: groups.reduce((sum, { size }) => sum + size, 0), groups: groups.length,
      ...(before.macs !== null && after.macs !== null ? { macs: formatCount(after.macs), macsShare: share('macs') } : { macs: '–', macsShare: '–' }),
      parameters: formatCount(after.parameters), parametersShare: share('parameters'), bytes: formatBytes(after.bytes),
    }),
  }];
  if (renewed > 0) findings.push({ severity: 'info', ...said('finding.statisticsRenewed', { layers: renewed, samples: Math.min(settings.samples, split?.size ?? 0) }) });
  else if (hasNorms) findings.push({ severity: 'warning', ...said('finding.statisticsOld') });
  if (unranked > 0) findings.push({ severity: 'info', ...said('finding.groupsUnranked', { count: unranked, criterion: `value.criterion.${settings.criterion}` }) });
  findings.push(...locked.map((layer): Finding => ({ severity: 'info', ...said('finding.layerLocked', lockedFinding(layer, origins)) })));
  return findings;
}
