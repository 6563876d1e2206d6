// The table of measured latency per width: every layer at points of a grid over its input and output width, on the provider
// and with the threads of the run. Times are measured as shares of the whole model's, which runs beside them: a slow minute
// of the machine weighs on both.

import { EngineError, throwIfAborted } from '../../../../error';
import type { Model } from '../../../../ir/model';
import type { LatencyOptions } from '../../../../ports';
import type { Clock } from '../../../clock';
import { inBlocks, pointsOf, rising, type SiteTimes, timeAt } from './grid';
import { copiesOf, layerModel, layerModelBytes } from '../../../layerTimes/layerModel';
import type { Site, SiteWidths } from '../../../layerTimes/sites';

export interface LatencyTable {
  /** Measured latency of the whole model, ms. */
  readonly whole: number;
  /** What the layers take alone, over `whole`. The rest (other operators, starting a run) is taken as shrinking like them. */
  readonly explained: number;
  /** Time of a layer (by its id) at widths, ms, such that all layers together take `whole`. */
  timeOf(id: string, widths: SiteWidths): number;
  /** Times of all layers at full width, ms, by their ids. */
  readonly full: ReadonlyMap<string, number>;
  readonly points: number;
  /** Different layers. */
  readonly layers: number;
  readonly seconds: number;
}

export interface TableTask {
  readonly model: Model;
  readonly sites: readonly Site[];
  /** Channels that kernels take at a time. */
  readonly block: number;
  readonly clock: Clock;
  readonly options: Pick<LatencyOptions, 'provider' | 'threads' | 'dims' | 'signal'>;
  readonly progress: (fraction: number) => void;
}

/** Points of all grids together: a point takes 20 to 50 ms for layers of small networks. */
const POINTS = 900;
/** Along each width of a layer. Ours: times are near a line between whole blocks, and more points of few layers tell little more. */
const MOST_STEPS = 6;
/** Runs of each point: medians of so many agree within 5 % while other processes load the machine. */
const RUNS = 22;
/** Sessions that are open together: the whole model is timed once more with every batch, and each has an arena of its own. Ours. */
const BATCH_MODELS = 64;
/** Of their weights, 256 MiB: what a session holds is about twice its weights. Ours. */
const BATCH_BYTES = 2 ** 28;

interface Job {
  readonly site: Site;
  readonly widths: SiteWidths;
  readonly copies: number;
}

/** @throws EngineError `latencyUnknown` for a model without layers to measure, `cancelled`, and what creating sessions throws. */
export async function measureTable({ model, sites, block, clock, options, progress }: TableTask): Promise<LatencyTable> {
  const began = performance.now();
  const distinct = [...new Map(sites.map((site) => [site.key, site])).values()];
  if (distinct.length === 0) throw new EngineError('latencyUnknown', { detail: 'problem.noLayersToTime' });
  const steps = Math.min(MOST_STEPS, Math.max(2, Math.floor(Math.sqrt(POINTS / distinct.length))));
  const jobs = distinct.flatMap((site) => jobsOf(site, block, steps));
  const shares = new Map<Job, number>();
  const wholes: number[] = [];
  for (const batch of batchesOf(jobs)) {
    throwIfAborted(options.signal);
    const done = shares.size;
    const [whole = NaN, ...times] = await clock([model, ...batch.map(({ site, widths, copies }) => layerModel(site, widths, copies))], {
      ...options, runs: RUNS, progress: (fraction) => progress((done + fraction * batch.length) / jobs.length),
    });
    wholes.push(whole);
    batch.forEach((job, index) => shares.set(job, (times[index] ?? NaN) / whole));
  }
  const whole = wholes.sort((a, b) => a - b)[Math.floor(wholes.length / 2)] ?? NaN;
  const times = new Map(distinct.map((site) => [site.key, siteTimes(site, block, steps, jobs, shares)]));
  const siteOf = new Map(sites.map((site) => [site.id, site]));
  const shareOf = (id: string, { input, output }: SiteWidths): number => {
    const site = siteOf.get(id);
    const own = times.get(site?.key ?? '');
    return site === undefined || own === undefined ? 0 : timeAt(own, { input: inBlocks(input, block, site.widths.input), output: inBlocks(output, block, site.widths.output) });
  };
  const explained = sites.reduce((sum, site) => sum + shareOf(site.id, site.widths), 0);
  const timeOf = (id: string, widths: SiteWidths): number => (shareOf(id, widths) / explained) * whole;
  return {
    whole, explained, timeOf, full: new Map(sites.map(({ id, widths }) => [id, timeOf(id, widths)])),
    points: jobs.length, layers: distinct.length, seconds: (performance.now() - began) / 1000,
  };
}

/** Every point of the grid, and the layer once at full widths, which tells what a run costs beside the layer. */
function jobsOf(site: Site, block: number, steps: number): readonly Job[] {
  const { inputs, outputs } = pointsOf(site, block, steps);
  const copies = copiesOf(site);
  const points = inputs.flatMap((input) => outputs.map((output): Job => ({ site, widths: { input, output: site.depthwise ? input : output }, copies })));
  return copies === 1 ? points : [...points, { site, widths: site.widths, copies: 1 }];
}

function* batchesOf(jobs: readonly Job[]): Generator<readonly Job[]> {
  let batch: Job[] = [];
  let bytes = 0;
  for (const job of jobs) {
    const own = layerModelBytes(job.site, job.widths, job.copies);
    if (batch.length > 0 && (batch.length === BATCH_MODELS || bytes + own > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(job);
    bytes += own;
  }
  if (batch.length > 0) yield batch;
}

/** Times of one layer over its grid, as shares of the whole model's. */
function siteTimes(site: Site, block: number, steps: number, jobs: readonly Job[], shares: ReadonlyMap<Job, number>): SiteTimes {
  const { inputs, outputs } = pointsOf(site, block, steps);
  const own = jobs.filter((job) => job.site === site);
  const grid = own.slice(0, inputs.length * outputs.length);
  const [last, single] = [grid.at(-1), own[grid.length]];
  const copies = last?.copies ?? 1;
  const of = (job: Job | undefined): number => (job === undefined ? 0 : shares.get(job) ?? 0);
  // single = beside + layer, last = beside + copies * layer.
  const beside = single === undefined ? 0 : Math.max(0, (copies * of(single) - of(last)) / (copies - 1));
  const times = inputs.map((_, i) => outputs.map((__, j) => Math.max(0, of(grid[i * outputs.length + j]) - beside) / copies));
  return { inputs, outputs, times: rising(times) };
}
