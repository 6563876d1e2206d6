// What a whole model costs, counted as everywhere else (analysis/cost.ts), and how findings say it.

import { formatBytes, formatCount, formatPercent, UNKNOWN } from '../../protocol/format';
import type { TextParams } from '../../protocol/text/index';
import { costOf } from '../analysis/cost';
import { findLayers } from '../analysis/layers';
import { bindInputs } from '../analysis/openDims';
import type { Model } from '../ir/model';
import { inferShapes } from '../ir/shapes/index';
import type { Measure } from './targets';

/** Of one sample. MACs are null where a size is known only when the model runs. */
export type Costs = Readonly<Record<Measure, number | null>>;

/** `dims` are sizes of open dimensions. */
export async function costsOf(model: Model, dims: Readonly<Record<string, number>>): Promise<Costs> {
  const shapes = await inferShapes(model, bindInputs(model, dims));
  const { macs, parameters, weightBytes } = costOf(model.graph, findLayers(model.graph, shapes), shapes);
  return { macs, parameters, bytes: weightBytes };
}

export function formatCost(measure: Measure, value: number): string {
  return measure === 'bytes' ? formatBytes(value) : formatCount(value);
}

/** What is left of a model: parameters of findings. */
export function leftParams(before: Costs, after: Costs): TextParams {
  const share = (measure: Measure): string => formatPercent((after[measure] ?? NaN) / (before[measure] ?? NaN));
  const isCounted = before.macs !== null && after.macs !== null;
  return {
    macs: isCounted ? formatCount(after.macs) : UNKNOWN, macsShare: isCounted ? share('macs') : UNKNOWN,
    parameters: formatCount(after.parameters), parametersShare: share('parameters'), bytes: formatBytes(after.bytes),
  };
}
