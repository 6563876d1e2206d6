// The findings of passes that remove units: what went, what is left, what could not go and why, what was mended.

import { formatBytes, formatCount, formatPercent, UNKNOWN } from '../../../protocol/format';
import type { Finding } from '../../../protocol/report';
import { said, type TextParams } from '../../../protocol/text/index';
import type { Dependencies, LockedLayer } from '../../analysis/dependencies/index';
import type { Origins } from '../pass';
import type { CriterionName } from './criteria/names';
import type { Mended } from './recovery/mend';
import type { RefitOutcome } from '../refit/refit';
import type { Renewed } from './recovery/statistics';
import type { Costs } from './selection/cost';
import type { Measure } from './selection/target';

export function layersFrom(id: string, origins: Origins): readonly string[] {
  const layers = origins.get(id) ?? [];
  return layers.length > 0 ? layers : [id];
}

export function formatCost(measure: Measure, value: number): string {
  return measure === 'bytes' ? formatBytes(value) : formatCount(value);
}

/** Parameters of `finding.layerLocked`. */
export function lockedParams({ layer, lock }: LockedLayer, origins: Origins): TextParams {
  return { ...lock.params, layer: layersFrom(layer, origins)[0] ?? layer, why: lock.code };
}

export interface Removal {
  readonly criterion: CriterionName;
  readonly removed: number;
  readonly total: number;
  readonly groups: number;
  readonly before: Costs;
  readonly after: Costs;
}

export function removalFinding({ criterion, removed, total, groups, before, after }: Removal): Finding {
  return info('finding.pruned', { criterion: `value.criterion.${criterion}`, removed, total, groups, ...leftParams(before, after) });
}

/** What is left of a model, for `finding.pruned` and `finding.blocksRemoved`. */
export function leftParams(before: Costs, after: Costs): TextParams {
  const share = (measure: Measure): string => formatPercent((after[measure] ?? NaN) / (before[measure] ?? NaN));
  const isCounted = before.macs !== null && after.macs !== null;
  return {
    macs: isCounted ? formatCount(after.macs) : UNKNOWN, macsShare: isCounted ? share('macs') : UNKNOWN,
    parameters: formatCount(after.parameters), parametersShare: share('parameters'), bytes: formatBytes(after.bytes),
  };
}

export function unrankedFindings(count: number, criterion: CriterionName): Finding[] {
  return count === 0 ? [] : [info('finding.groupsUnranked', { count, criterion: `value.criterion.${criterion}` })];
}

export function lockedFindings({ locked }: Dependencies, origins: Origins): Finding[] {
  return locked.map((layer) => info('finding.layerLocked', lockedParams(layer, origins)));
}

export function mendingFindings({ refit, renewed }: Mended, hasNorms: boolean): Finding[] {
  const isFitted = refit !== undefined && refit.layers.length > 0;
  return [...(isFitted ? [] : statisticsFindings(renewed, hasNorms)), ...(refit === undefined ? [] : refitFindings(refit))];
}

export function statisticsFindings({ layers, samples }: Renewed, hasNorms: boolean): Finding[] {
  if (layers > 0) return [info('finding.statisticsRenewed', { layers, samples })];
  return hasNorms ? [{ severity: 'warning', ...said('finding.statisticsOld') }] : [];
}

function refitFindings({ layers, left, samples, skipped }: RefitOutcome): Finding[] {
  const mean = (of: (layer: RefitOutcome['layers'][number]) => number): string => formatPercent(layers.reduce((sum, layer) => sum + of(layer), 0) / layers.length);
  const findings: Finding[] = [];
  if (layers.length > 0) {
    findings.push(info('finding.refitted', { layers: layers.length, samples, before: mean(({ missedBefore }) => missedBefore), after: mean(({ missedAfter }) => missedAfter) }));
  }
  if (left > 0) findings.push(info('finding.refitLeft', { layers: left }));
  if (skipped > 0) findings.push({ severity: 'warning', ...said('finding.samplesSkipped', { count: skipped }) });
  return findings;
}

function info(code: Parameters<typeof said>[0] & Finding['code'], params: TextParams): Finding {
  return { severity: 'info', ...said(code, params) };
}
