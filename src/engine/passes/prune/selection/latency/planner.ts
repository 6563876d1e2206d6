// Widths by time: measures the table once, predicts what choices cost in milliseconds, and holds the prediction against the
// cut model. What is asked for and which order units go in is the pass's.

import { formatMs, formatPercent } from '../../../../../protocol/format';
import type { Finding } from '../../../../../protocol/report';
import { said } from '../../../../../protocol/text/index';
import { constantsOf } from '../../../../analysis/constants';
import { bindInputs } from '../../../../analysis/openDims';
import { EngineError } from '../../../../error';
import { topologicalOrder } from '../../../../ir/graphIndex';
import type { Model } from '../../../../ir/model';
import { inferShapes } from '../../../../ir/shapes/index';
import { clockOf } from '../../../clock';
import { type Origins, type PassContext, USUAL_BLOCK } from '../../../pass';
import { scaled } from '../../../progressShare';
import { layersFrom } from '../../outcome';
import type { ChoiceTask } from '../../rounds';
import { type ChosenUnits, removeUnits } from '../../surgery/index';
import { keptOf } from './choices';
import { type LatencyMeter, latencyMeter } from './meter';
import { meetByTrying } from '../../../layerTimes/correct';
import { ratioFinding, ratioOf } from '../../../layerTimes/whole';
import { type Site, sitesOf } from '../../../layerTimes/sites';
import { type LatencyTable, measureTable } from './table';

/** Part of the time that choosing takes: the table, then cutting and measuring. */
const TABLE_SHARE = 0.8;

export interface Planner {
  meterFor(task: ChoiceTask): Promise<LatencyMeter>;
  /** Latency of the model before, ms; measured with the table. */
  whole(task: ChoiceTask): Promise<number>;
  /**
   * Chooses, cuts, measures beside the original, and asks for more or less until the cut model takes at most `wanted` of the
   * original's time, a few times at most.
   *
   * @param choose units by milliseconds that the prediction may say; undefined where nothing is so fast.
   */
  meet(task: ChoiceTask, wanted: number, choose: (most: number) => ChosenUnits | undefined): Promise<ChosenUnits | undefined>;
  /** Notes by which layers a choice saves time, for the findings. */
  note(task: ChoiceTask, chosen: ChosenUnits): Promise<void>;
  findings(): readonly Finding[];
}

/** @param original the model before the first round. @throws EngineError `latencyUnknown` */
export function latencyPlanner(original: Model, context: PassContext): Planner {
  const { runtime, provider, threads, dims, target, signal } = context;
  const clock = clockOf(runtime);
  const options = { provider, threads, dims, ...(signal !== undefined && { signal }) };
  let measured: LatencyTable | undefined;
  let met: Finding | undefined;
  let saved: Finding | undefined;
  const table = async ({ pass }: ChoiceTask): Promise<LatencyTable> => {
    const report = scaled((progress) => pass.progress(progress), [0, TABLE_SHARE]);
    measured ??= await measureTable({
      model: original, sites: await sitesIn(original, dims), block: target.channelBlock ?? USUAL_BLOCK, clock, options,
      progress: (fraction) => report({ activity: 'progress.profiling', fraction }),
    });
    return measured;
  };
  const meterFor = async (task: ChoiceTask): Promise<LatencyMeter> =>
    latencyMeter(task.model, task.dependencies, task.rankings.map(({ group }) => group), await sitesIn(task.model, dims), await table(task));
  return {
    meterFor,
    whole: async (task) => (await table(task)).whole,
    async meet(task, wanted, choose) {
      const full = (await table(task)).whole;
      const meter = await meterFor(task);
      const best = await meetByTrying(wanted, (budget) => choose(budget * full), async (chosen) => ({
        chosen, predicted: meter.total(keptOf(task.rankings, chosen)) / full, measured: await ratioOf(original, (await removeUnits(task.model, task.dependencies, chosen)).model, context),
      }));
      if (best !== undefined) met = ratioFinding(best, wanted);
      return best?.chosen;
    },
    async note(task, chosen) {
      const { full } = await table(task);
      saved = savedFinding(full, (await meterFor(task)).layers(keptOf(task.rankings, chosen)), task.pass.origins);
    },
    findings: () => [...(measured === undefined ? [] : [tableFinding(measured)]), met, saved].filter((finding) => finding !== undefined),
  };
}

/** @throws EngineError `symbolicDimension` where no layer can be timed for want of a size. */
async function sitesIn(model: Model, dims: PassContext['dims']): Promise<readonly Site[]> {
  const bound = bindInputs(model, dims);
  const sites = sitesOf(model, await inferShapes(model, bound), constantsOf(model.graph, topologicalOrder(model.graph)).has);
  const open = bound.open.find(({ size }) => size === null);
  if (sites.length === 0 && open !== undefined) throw new EngineError('symbolicDimension', { input: open.input, dim: open.name });
  return sites;
}

// ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────

function tableFinding({ layers, points, seconds, whole, explained }: LatencyTable): Finding {
  return { severity: 'info', ...said('finding.latencyTable', { layers, points, seconds: Math.ceil(seconds), whole: formatMs(whole), explained: formatPercent(explained, 0) }) };
}

/** Layers that are named. */
const NAMED = 3;

function savedFinding(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, origins: Origins): Finding {
  const rows = [...before].map(([id, full]) => ({ id, full, left: after.get(id) ?? full })).sort((a, b) => (b.full - b.left) - (a.full - a.left));
  const layers = rows.slice(0, NAMED).map(({ id, full, left }) => `${layersFrom(id, origins)[0] ?? id} (${formatMs(full)} → ${formatMs(left)})`).join(', ');
  return { severity: 'info', ...said('finding.timeSaved', { layers }) };
}
