// What passes that remove units tell: what became of each layer, what went, what could not go and why, how much units mattered.

import { formatBytes, formatCount, formatPercent } from '../../../protocol/format';
import type { Finding, ImportanceCurve } from '../../../protocol/report';
import { type FormCode, said, type Said, type TextParams } from '../../../protocol/text/index';
import type { Dependencies, GroupKind, LockedLayer } from '../../analysis/dependencies/index';
import type { Origins } from '../pass';
import type { CriterionName } from './criteria/names';
import type { Mended } from './recovery/mend';
import type { RefitOutcome } from './recovery/refit/refit';
import type { Costs } from './selection/cost';
import type { Ranking } from './selection/order';
import type { Measure } from './selection/target';
import type { ChosenUnits } from './surgery/index';

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

// ── widths of layers ─────────────────────────────────────────────────────────────────────────────────────────────

interface Width {
  readonly kept: number;
  readonly total: number;
  readonly kind: GroupKind;
}

/** Units of layers before and after, by layer id: of their own, and those they read. */
export interface LayerWidths {
  readonly made: ReadonlyMap<string, Width>;
  readonly read: ReadonlyMap<string, Width>;
}

export const noWidths: LayerWidths = { made: new Map(), read: new Map() };

export function widthsOf({ groups }: Dependencies, chosen: ChosenUnits): LayerWidths {
  const [made, read] = [new Map<string, Width>(), new Map<string, Width>()];
  for (const { id, kind, size, layers } of groups) {
    const kept = size - [...(chosen.get(id) ?? [])].length;
    for (const { id: layer, role } of layers) {
      const widths = role === 'reads' ? read : made;
      const width = widths.get(layer) ?? { kept: 0, total: 0, kind };
      widths.set(layer, { kind: width.kind, kept: width.kept + kept, total: width.total + size });
    }
  }
  return { made, read };
}

/** Totals of the first, what the second kept; layers that only one speaks of are as that one says. */
export function mergeWidths(first: LayerWidths, second: LayerWidths): LayerWidths {
  const merge = (before: ReadonlyMap<string, Width>, after: ReadonlyMap<string, Width>): ReadonlyMap<string, Width> =>
    new Map([...before, ...[...after].map(([layer, width]) => [layer, { ...width, total: before.get(layer)?.total ?? width.total }] as const)]);
  return { made: merge(first.made, second.made), read: merge(first.read, second.read) };
}

const kinds = { channels: 'form.units.channels', heads: 'form.units.heads', neurons: 'form.units.neurons', hidden: 'form.units.hidden' } as const satisfies Record<GroupKind, FormCode>;

/** Layers that lost units of their own say so; layers that only read fewer say that. */
export function formsOf({ made, read }: LayerWidths, origins: Origins): ReadonlyMap<string, Said<FormCode>> {
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

// ── importance ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Points of a curve: more than a view has pixels for would only make reports longer. */
const CURVE_POINTS = 64;

/** By group. */
export function curvesOf(rankings: readonly Ranking[], chosen: ChosenUnits, criterion: CriterionName, origins: Origins): ReadonlyMap<string, ImportanceCurve> {
  return new Map(rankings.map(({ group: { id, kind, size, layers }, importance }) => {
    const sorted = importance.slice().sort();
    const mean = sorted.reduce((sum, value) => sum + value, 0) / size;
    const points = Math.min(CURVE_POINTS, size);
    const at = (point: number): number => (points === 1 ? 0 : Math.round((point * (size - 1)) / (points - 1)));
    const makers = [...new Set(layers.filter(({ role }) => role === 'produces').flatMap((layer) => layersFrom(layer.id, origins)))];
    return [id, {
      layer: makers[0] ?? id, ...(makers.length > 1 && { layers: makers }), kind, criterion, total: size, kept: size - [...(chosen.get(id) ?? [])].length,
      values: Array.from({ length: points }, (_, point) => (sorted[at(point)] ?? 0) / (mean > 0 ? mean : 1)),
    }];
  }));
}

// ── findings ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Removal {
  readonly criterion: CriterionName;
  readonly removed: number;
  readonly total: number;
  readonly groups: number;
  readonly before: Costs;
  readonly after: Costs;
}

export function removalFinding({ criterion, removed, total, groups, before, after }: Removal): Finding {
  const share = (measure: Measure): string => formatPercent((after[measure] ?? NaN) / (before[measure] ?? NaN));
  return info('finding.pruned', {
    criterion: `value.criterion.${criterion}`, removed, total, groups,
    ...(before.macs !== null && after.macs !== null ? { macs: formatCount(after.macs), macsShare: share('macs') } : { macs: '–', macsShare: '–' }),
    parameters: formatCount(after.parameters), parametersShare: share('parameters'), bytes: formatBytes(after.bytes),
  });
}

export function unrankedFindings(count: number, criterion: CriterionName): Finding[] {
  return count === 0 ? [] : [info('finding.groupsUnranked', { count, criterion: `value.criterion.${criterion}` })];
}

export function lockedFindings({ locked }: Dependencies, origins: Origins): Finding[] {
  return locked.map((layer) => info('finding.layerLocked', lockedParams(layer, origins)));
}

/** `samples`: how many there were to look at. */
export function mendingFindings({ refit, renewed }: Mended, samples: number, hasNorms: boolean): Finding[] {
  const isFitted = refit !== undefined && refit.layers.length > 0;
  return [...(isFitted ? [] : statisticsFindings(renewed, samples, hasNorms)), ...(refit === undefined ? [] : refitFindings(refit, samples))];
}

/** `renewed`: BatchNormalizations whose statistics were measured anew. */
export function statisticsFindings(renewed: number, samples: number, hasNorms: boolean): Finding[] {
  if (renewed > 0) return [info('finding.statisticsRenewed', { layers: renewed, samples })];
  return hasNorms ? [{ severity: 'warning', ...said('finding.statisticsOld') }] : [];
}

function refitFindings({ layers, left, skipped }: RefitOutcome, samples: number): Finding[] {
  const mean = (of: (layer: RefitOutcome['layers'][number]) => number): string => formatPercent(layers.reduce((sum, layer) => sum + of(layer), 0) / layers.length);
  const findings: Finding[] = [];
  if (layers.length > 0) {
    findings.push(info('finding.refitted', { layers: layers.length, samples: samples - skipped, before: mean(({ missedBefore }) => missedBefore), after: mean(({ missedAfter }) => missedAfter) }));
  }
  if (left > 0) findings.push(info('finding.refitLeft', { layers: left }));
  if (skipped > 0) findings.push({ severity: 'warning', ...said('finding.samplesSkipped', { count: skipped }) });
  return findings;
}

function info(code: Parameters<typeof said>[0] & Finding['code'], params: TextParams): Finding {
  return { severity: 'info', ...said(code, params) };
}
