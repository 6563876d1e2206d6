// The findings of passes that remove units: what went, what is left, what could not go and why, what was mended.

import type { Finding } from '../../../protocol/report';
import { said, type TextParams } from '../../../protocol/text/index';
import type { Dependencies, LockedLayer } from '../../analysis/dependencies/index';
import { type Costs, leftParams } from '../costs';
import type { Origins } from '../pass';
import { refitFindings } from '../refit/findings';
import type { CriterionName } from './criteria/names';
import type { Mended } from './recovery/mend';
import type { Renewed } from './recovery/statistics';

export function layersFrom(id: string, origins: Origins): readonly string[] {
  const layers = origins.get(id) ?? [];
  return layers.length > 0 ? layers : [id];
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

function info(code: Parameters<typeof said>[0] & Finding['code'], params: TextParams): Finding {
  return { severity: 'info', ...said(code, params) };
}
