// Predicted latency of a model by how many units each group keeps. Nothing is cut: the widths of a layer are sums over the
// groups whose units lie on its axes.

import { type Axis, type Dependencies, type DependencyGroup, isLabels } from '../../../../analysis/dependencies/index';
import type { Model } from '../../../../ir/model';
import type { Site } from '../../../layerTimes/sites';
import type { LatencyTable } from './table';

/** A width: `fixed` entries that stay, and for each group (by index) entries for each unit it keeps. */
interface WidthForm {
  readonly fixed: number;
  readonly terms: readonly (readonly [group: number, perUnit: number])[];
}

export interface LatencyMeter {
  /** ms, by the units that each group keeps, in the order of the groups. */
  total(kept: readonly number[]): number;
  /** ms of the layers that the width of a group changes, were it `width`. */
  around(kept: readonly number[], group: number, width: number): number;
  /** ms of each layer, by its id. */
  layers(kept: readonly number[]): ReadonlyMap<string, number>;
  /** Groups that share a layer with the group, itself too. */
  coupled(group: number): ReadonlySet<number>;
}

/** `groups` are those whose width changes; others stay as they are. `sites` are of this model. */
export function latencyMeter(model: Model, dependencies: Dependencies, groups: readonly DependencyGroup[], sites: readonly Site[], table: Pick<LatencyTable, 'timeOf'>): LatencyMeter {
  const forms = formsOf(model, dependencies, groups, sites);
  const touching = groups.map((_, group) => forms.filter(({ input, output }) => [input, output].some(({ terms }) => terms.some(([own]) => own === group))));
  const timeOf = ({ site, input, output }: SiteForm, kept: readonly number[]): number => table.timeOf(site.id, { input: widthOf(input, kept), output: widthOf(output, kept) });
  return {
    total: (kept) => forms.reduce((sum, form) => sum + timeOf(form, kept), 0),
    around: (kept, group, width) => {
      const changed = kept.with(group, width);
      return (touching[group] ?? []).reduce((sum, form) => sum + timeOf(form, changed), 0);
    },
    layers: (kept) => new Map(forms.map((form) => [form.site.id, timeOf(form, kept)])),
    coupled: (group) => new Set((touching[group] ?? []).flatMap(({ input, output }) => [...input.terms, ...output.terms].map(([own]) => own))),
  };
}

interface SiteForm {
  readonly site: Site;
  readonly input: WidthForm;
  readonly output: WidthForm;
}

function formsOf({ graph }: Model, { relations }: Dependencies, groups: readonly DependencyGroup[], sites: readonly Site[]): readonly SiteForm[] {
  const { labels, axes } = relations;
  const groupOf = new Map<number, number>(groups.flatMap(({ classes }, group) => [...classes].map((root): [number, number] => [root, group])));
  const dataOf = new Map(graph.nodes.map(({ inputs: [data = ''], outputs: [made = ''] }) => [made, data]));
  const form = (axis: Axis | undefined, size: number): WidthForm => {
    const counts = new Map<number, number>();
    for (const label of axis !== undefined && isLabels(axis) ? axis : []) {
      const group = groupOf.get(labels.find(label));
      if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    const entries = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return { fixed: size - entries, terms: [...counts].map(([group, count]) => [group, count / (groups[group]?.size ?? 1)]) };
  };
  return sites.map((site) => ({
    site,
    input: form(axes.get(dataOf.get(site.id) ?? '')?.[site.axis], site.widths.input),
    output: form(axes.get(site.id)?.[site.outputAxis], site.widths.output),
  }));
}

function widthOf({ fixed, terms }: WidthForm, kept: readonly number[]): number {
  return terms.reduce((sum, [group, perUnit]) => sum + perUnit * (kept[group] ?? 0), fixed);
}

