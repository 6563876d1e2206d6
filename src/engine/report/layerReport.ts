// One row a layer of the original model: what it was, what became of it. Joins the layers of the compressed model to those
// of the original by their origins. Pure bookkeeping: every number is measured elsewhere.

import type { LayerDescription, LayerFigures, LayerReport, ProfiledLayer } from '../../protocol/report';
import { type FormCode, said, type Said } from '../../protocol/text/index';

export interface LayerSources {
  readonly before: readonly LayerDescription[];
  readonly after: readonly LayerDescription[];
  /** Layer ids of the original by first output of each node of the compressed model. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  readonly forms: ReadonlyMap<string, Said<FormCode>>;
  /** Ids of the passes that touched a layer, by layer id. */
  readonly touched: ReadonlyMap<string, readonly string[]>;
  /** Profiles of both models, or null where latency was not measured. */
  readonly latency: { readonly before: readonly ProfiledLayer[]; readonly after: readonly ProfiledLayer[] } | null;
  readonly outputErrors: ReadonlyMap<string, { readonly sqnrDb: number; readonly cosine: number }>;
}

export function layerReports(sources: LayerSources): LayerReport[] {
  const originsOfAfter = new Map(sources.after.map((layer) => [layer.id, originsOf(layer, sources.origins)]));
  const before = sources.latency && latencies(sources.latency.before, (id) => [id]);
  const after = sources.latency && latencies(sources.latency.after, (id) => originsOfAfter.get(id) ?? [id]);
  const successors = new Map<string, LayerDescription[]>();
  const mergedInto = new Map<string, string>();
  for (const layer of sources.after) {
    const [owner, ...others] = originsOfAfter.get(layer.id) ?? [];
    if (owner === undefined) continue;
    successors.set(owner, [...(successors.get(owner) ?? []), layer]);
    for (const other of others) mergedInto.set(other, owner);
  }
  return sources.before.map((layer): LayerReport => {
    const parts = successors.get(layer.id) ?? [];
    return {
      id: layer.id,
      op: layer.op,
      before: { ...costOf([layer]), ...latencyOf(layer.id, before) },
      after: { ...costOf(parts), ...latencyOf(layer.id, after), form: formOf(layer, parts, mergedInto, sources.forms) },
      outputError: sources.outputErrors.get(layer.id) ?? null,
      accuracyDelta: null,
      passes: sources.touched.get(layer.id) ?? [],
    };
  });
}

/** Origins of a layer: those of its nodes, the one named by most first. A layer that no pass knows is its own origin. */
function originsOf(layer: LayerDescription, origins: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const own = origins.get(layer.id);
  if (own !== undefined && own.length > 0) return own;
  const votes = new Map<string, number>();
  for (const node of layer.nodes) for (const origin of origins.get(node) ?? []) votes.set(origin, (votes.get(origin) ?? 0) + 1);
  if (votes.size === 0) return [layer.id];
  return [...votes].sort((a, b) => b[1] - a[1]).map(([origin]) => origin);
}

function costOf(layers: readonly LayerDescription[]): Omit<LayerFigures, 'latency' | 'latencyCovers'> {
  const macs = layers.map((layer) => layer.macs);
  return {
    parameters: sum(layers.map((layer) => layer.parameters)),
    weightBytes: sum(layers.map((layer) => layer.weightBytes)),
    macs: macs.includes(null) ? null : sum(macs.map((value) => value ?? 0)),
  };
}

type LatencyTable = ReadonlyMap<string, Pick<LayerFigures, 'latency' | 'latencyCovers'>>;

/** Rows of a profile by layer of the original. A row of several layers stands with the first and names the others. */
function latencies(rows: readonly ProfiledLayer[], originsOfRow: (id: string) => readonly string[]): LatencyTable {
  const table = new Map<string, Pick<LayerFigures, 'latency' | 'latencyCovers'>>();
  for (const row of rows) {
    const covered = [...new Set((row.layers ?? [row.id]).flatMap((id) => [...originsOfRow(id)]))];
    const [owner] = covered;
    if (owner === undefined) continue;
    const known = table.get(owner);
    const covers = [...new Set([...(known?.latencyCovers ?? [owner]), ...covered])];
    const latency = known?.latency
      // Means add up; the spread of a sum is at most the sum of the spreads.
      ? { mean: known.latency.mean + row.latency.mean, p10: known.latency.p10 + row.latency.p10, p90: known.latency.p90 + row.latency.p90 }
      : row.latency;
    table.set(owner, { latency, ...(covers.length > 1 && { latencyCovers: covers }) });
  }
  return table;
}

/** Null where latency was not measured, or where the layer's time is inside another row. A layer without kernels takes none. */
function latencyOf(id: string, table: LatencyTable | null): Pick<LayerFigures, 'latency' | 'latencyCovers'> {
  if (table === null) return { latency: null };
  const row = table.get(id);
  if (row !== undefined) return row;
  const inside = [...table.values()].some((other) => other.latencyCovers?.includes(id));
  return { latency: inside ? null : { mean: 0, p10: 0, p90: 0 } };
}

/** What a pass said of the layer; without passes (`compare`) or a word of theirs, what the numbers say. */
function formOf(
  layer: LayerDescription,
  parts: readonly LayerDescription[],
  mergedInto: ReadonlyMap<string, string>,
  forms: ReadonlyMap<string, Said<FormCode>>,
): Said<FormCode> {
  const known = forms.get(layer.id);
  if (known !== undefined && known.code !== 'form.unchanged') return known;
  const [part] = parts;
  if (part === undefined) {
    const into = mergedInto.get(layer.id);
    return into === undefined ? said('form.removed') : said('form.merged', { layer: into });
  }
  if (layer.parameters > 0 && part.type !== layer.type) return said('form.typed', { type: part.type });
  const { parameters, macs } = costOf(parts);
  return parameters === layer.parameters && macs === layer.macs ? said('form.unchanged') : said('form.changed');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
