// Latency of layers from kernel times of profiled runs. Pure: the records come from runtime/profileRecords.ts, which
// layer a kernel serves from attributionNodes.ts.

import type { LayerLatency, ProfiledLayer } from '../../protocol/report';
import type { Graph, Node } from '../ir/model';
import { type AttributedLayer, LAYOUT, type Owner, ownersOf, type Row } from './attributionNodes';

export type { AttributedLayer } from './attributionNodes';

/** One kernel of one run. */
export interface KernelRecord {
  /** Name of the node in the optimised graph. */
  readonly node: string;
  readonly op: string;
  /** Canonical name, e.g. `cpu`. */
  readonly provider: string;
  /** Element types of its inputs as onnxruntime writes them (`float`, `float16`, `uint8`, ...). */
  readonly inputTypes: readonly string[];
  /** ms */
  readonly duration: number;
}

export interface RunRecord {
  /** The whole run, ms. */
  readonly duration: number;
  /** Gaps around and between kernels, ms, each measured. */
  readonly overhead: number;
  readonly kernels: readonly KernelRecord[];
  /** True when a device told its own times. */
  readonly device?: boolean;
}

export interface Attribution {
  readonly layers: readonly ProfiledLayer[];
  /** Mean of a run, ms. */
  readonly layout: number;
  readonly overhead: number;
  readonly total: number;
  /** Kernels of a run by provider. */
  readonly used: Readonly<Record<string, number>>;
}

interface RowTimes {
  readonly row: Row;
  /** Sum of the row's kernels for each run. */
  readonly perRun: Float64Array;
  readonly providers: Map<string, number>;
}

/**
 * @param layers of `original`, in the order of the table.
 * @param optimised the graph as onnxruntime ran it, whose node names the records carry.
 * @returns rows in the order of `layers`, then kernels of no layer; means over `runs`.
 */
export function attribute(original: Graph, layers: readonly AttributedLayer[], optimised: Graph, runs: readonly RunRecord[]): Attribution {
  const owners = ownersOf(original, layers, optimised);
  const nodes = nodesByName(optimised);
  const layout = new Float64Array(runs.length);
  const rows = new Map<string, RowTimes>();
  runs.forEach((run, at) => {
    const seen = new Map<string, number>();
    for (const kernel of run.kernels) {
      const nth = seen.get(kernel.node) ?? 0;
      seen.set(kernel.node, nth + 1);
      const owner = ownerOf(kernel, nodes.get(kernel.node)?.[nth], owners);
      if (owner === LAYOUT) {
        layout[at] = (layout[at] ?? 0) + kernel.duration;
        continue;
      }
      const times = rowOf(rows, owner, runs.length);
      times.perRun[at] = (times.perRun[at] ?? 0) + kernel.duration;
      times.providers.set(kernel.provider, (times.providers.get(kernel.provider) ?? 0) + kernel.duration);
    }
  });
  const total = mean(runs.map((run) => run.duration));
  const positions = new Map(layers.map((layer, at) => [layer.id, at]));
  const position = (id: string): number => positions.get(id) ?? layers.length;
  return {
    layers: [...rows.values()].map((times) => profiledLayer(times, total)).sort((a, b) => position(a.id) - position(b.id)),
    layout: mean(layout),
    overhead: mean(runs.map((run) => run.overhead)),
    total,
    used: countBy(runs[0]?.kernels ?? []),
  };
}

function rowOf(rows: Map<string, RowTimes>, row: Row, runs: number): RowTimes {
  const found = rows.get(row.id) ?? { row, perRun: new Float64Array(runs), providers: new Map<string, number>() };
  rows.set(row.id, found);
  return found;
}

/** A kernel whose node is not in the graph (it has no name, or was made after the graph was written) is a row of its own. */
function ownerOf(kernel: KernelRecord, node: Node | undefined, owners: ReadonlyMap<Node, Owner>): Owner {
  return (node === undefined ? undefined : owners.get(node)) ?? { id: kernel.node, op: kernel.op };
}

/** Nodes of one name in execution order: onnxruntime runs them in the order in which it writes them. */
function nodesByName(graph: Graph): ReadonlyMap<string, readonly Node[]> {
  const found = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    const list = found.get(node.name);
    if (list === undefined) found.set(node.name, [node]);
    else list.push(node);
  }
  return found;
}

function profiledLayer({ row, perRun, providers }: RowTimes, total: number): ProfiledLayer {
  const latency = latencyOf(perRun);
  const provider = [...providers].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
  return { id: row.id, op: row.op, latency, share: latency.mean / total, provider, ...(row.layers && { layers: row.layers }) };
}

function latencyOf(samples: Float64Array): LayerLatency {
  const sorted = samples.slice().sort();
  const at = (q: number): number => sorted[Math.round((sorted.length - 1) * q)] ?? Number.NaN;
  return { mean: mean(samples), p10: at(0.1), p90: at(0.9) };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function countBy(kernels: readonly KernelRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { provider } of kernels) counts[provider] = (counts[provider] ?? 0) + 1;
  return counts;
}
