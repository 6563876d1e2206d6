// How long layers take alone, whole and as factors: a factorisation with fewer products is often slower, since each of its
// layers reads and writes all places. Both forms run in turns in one process, several copies in a model as for widths
// (layerTimes/layerModel.ts), and what a run costs beside the layer is taken off. Layers alike are measured once.

import { constantsOf } from '../../../analysis/constants';
import { bindInputs } from '../../../analysis/openDims';
import { throwIfAborted } from '../../../error';
import { cloneModel } from '../../../ir/clone';
import { topologicalOrder } from '../../../ir/graphIndex';
import type { Model } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import { clockOf } from '../../clock';
import { copiesOf, layerModel } from '../../layerTimes/layerModel';
import { type Site, sitesOf } from '../../layerTimes/sites';
import type { PassContext } from '../../pass';
import type { FactorShape } from '../methods/method';
import { type DecomposableLayer, findDecomposable } from '../surgery/layers';
import { replaceLayer } from '../surgery/replace';
import { zeroFactors } from './zeroFactors';

export interface TimedForm {
  readonly layer: DecomposableLayer;
  readonly factors: readonly FactorShape[];
}

/** Milliseconds of a layer and of its factors, each alone. */
export type FormTimes = readonly [whole: number, factors: number];

export interface ChainClock {
  /** In the order of the forms; undefined for layers that cannot be timed: embeddings, those whose sizes are not known, and those that cannot be split
   * where they stand alone. */
  times(forms: readonly TimedForm[], progress: (fraction: number) => void): Promise<readonly (FormTimes | undefined)[]>;
}

/** Runs of each model: medians of so many agree within 5 % while other processes load the machine. */
const RUNS = 22;
/** Models that are open together. */
const BATCH_MODELS = 48;

/** @throws EngineError `latencyUnknown` where the runtime has no clock. */
export async function chainClock(model: Model, context: PassContext): Promise<ChainClock> {
  const clock = clockOf(context.runtime);
  const { provider, threads, dims, signal } = context;
  const shapes = await inferShapes(model, bindInputs(model, dims));
  const sites = new Map(sitesOf(model, shapes, constantsOf(model.graph, topologicalOrder(model.graph)).has).map((site) => [site.id, site]));
  /** Undefined: could not be timed. */
  const known = new Map<string, FormTimes | undefined>();
  const sitesIn = ({ nodes }: DecomposableLayer): readonly Site[] | undefined => {
    const own = nodes.map((node) => sites.get(node.outputs[0] ?? ''));
    return own.every((site) => site !== undefined) ? own : undefined;
  };
  const measure = async (jobs: readonly Job[]): Promise<void> => {
    const models: Model[] = [];
    const timed: Job[] = [];
    for (const { site, chains } of jobs) {
      const copies = copiesOf(site);
      const layers = await layersAlone(site, copies);
      if (layers === undefined) {
        for (const { key } of chains) known.set(key, undefined);
        continue;
      }
      timed.push({ site, chains });
      models.push(layerModel(site, site.widths, 1), layerModel(site, site.widths, copies));
      for (const { factors } of chains) models.push(chainModel(layers, factors));
    }
    if (timed.length === 0) return;
    const medians = [...await clock(models, { provider, threads, dims, runs: RUNS, ...(signal !== undefined && { signal }) })];
    for (const { site, chains } of timed) {
      const copies = copiesOf(site);
      const [single = NaN, several = NaN] = medians.splice(0, 2);
      // single = beside + layer, several = beside + copies * layer.
      const beside = copies === 1 ? 0 : Math.max(0, (copies * single - several) / (copies - 1));
      const alone = (time: number): number => Math.max(0, time - beside) / copies;
      for (const { key } of chains) known.set(key, [alone(several), alone(medians.shift() ?? NaN)]);
    }
  };
  return {
    async times(forms, progress) {
      const wanted = forms.map(({ layer, factors }) => sitesIn(layer)?.map((site) => ({ site, factors, key: keyOf(site, factors) })));
      const batches = batchesOf(jobsOf(wanted.flatMap((own) => own ?? []).filter(({ key }) => !known.has(key))));
      for (const [done, batch] of batches.entries()) {
        throwIfAborted(signal);
        progress(done / batches.length);
        await measure(batch);
      }
      return wanted.map((own) => {
        const found = own?.map(({ key }) => known.get(key));
        return found?.every((times) => times !== undefined) === true ? found.reduce<FormTimes>(([whole, factors], [a, b]) => [whole + a, factors + b], [0, 0]) : undefined;
      });
    },
  };
}

interface Chain {
  readonly key: string;
  readonly factors: readonly FactorShape[];
}

/** A layer with all the factors it is measured beside. */
interface Job {
  readonly site: Site;
  readonly chains: readonly Chain[];
}

function keyOf(site: Site, factors: readonly FactorShape[]): string {
  return `${site.key} ${JSON.stringify(factors)}`;
}

function jobsOf(chains: readonly (Chain & { readonly site: Site })[]): readonly Job[] {
  const jobs = new Map<string, { readonly site: Site; readonly chains: Map<string, Chain> }>();
  for (const chain of chains) {
    const job = jobs.get(chain.site.key) ?? { site: chain.site, chains: new Map<string, Chain>() };
    jobs.set(chain.site.key, job);
    job.chains.set(chain.key, chain);
  }
  return [...jobs.values()].map(({ site, chains: own }) => ({ site, chains: [...own.values()] }));
}

function batchesOf(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const batches: Job[][] = [];
  let models = 0;
  for (const job of jobs) {
    const own = job.chains.length + 2;
    const last = batches.at(-1);
    if (last !== undefined && models + own <= BATCH_MODELS) last.push(job);
    else {
      batches.push([job]);
      models = 0;
    }
    models += own;
  }
  return batches;
}

interface LayersAlone {
  readonly model: Model;
  readonly layers: readonly DecomposableLayer[];
}

/** The copies of a layer in a model of their own; undefined where they cannot be split there. */
async function layersAlone(site: Site, copies: number): Promise<LayersAlone | undefined> {
  const model = layerModel(site, site.widths, copies);
  const { layers } = await findDecomposable(model, () => false);
  return layers.length === copies ? { model, layers } : undefined;
}

function chainModel({ model, layers }: LayersAlone, factors: readonly FactorShape[]): Model {
  const copy = cloneModel(model);
  for (const layer of layers) replaceLayer(copy, layer, zeroFactors(factors, layer.groups));
  return copy;
}
