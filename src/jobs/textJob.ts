// A model as text (`decant inspect --text`, "Show Model as Text"): reads no large weights, makes no session.

import { printModelWithPlaces, type PrintedModel } from '../engine/ir/text/printer';
import { EngineError } from '../engine/error';
import type { Layer } from '../engine/analysis/layers';
import type { Model } from '../engine/ir/model';
import type { ModelText } from '../protocol/modelText';
import type { JobContext, JobRunner } from './job';
import { layersOf } from './layers';
import { withModel } from './openModel';

export const text: JobRunner<'text'> = ({ model: path, notes = true, most = Infinity }, context) =>
  withModel(path, async ({ model }) => {
    context.emit({ type: 'progress', progress: { activity: 'progress.inspecting', fraction: null } });
    return cut(await printModelWithPlaces(model, { notes }), await layersIfSound(model, context), most);
  });

/** The text of a broken graph is worth reading too. */
async function layersIfSound(model: Model, context: JobContext): Promise<readonly Layer[]> {
  try {
    return await layersOf(model);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    context.emit({ type: 'log', level: 'warning', message: error.message });
    return [];
  }
}

/** At most `most` characters, whole lines. */
function cut({ text: whole, placeOf, blocks }: PrintedModel, layers: readonly Layer[], most: number): ModelText {
  const shown = whole.length <= most ? whole : whole.slice(0, whole.lastIndexOf('\n', most - 1) + 1);
  const end = shown.length === whole.length ? Infinity : lineBreaks(shown);
  const placed = layers.flatMap(({ id, name, op, anchor }) => {
    const place = placeOf.get(anchor);
    return place === undefined || place.line >= end ? [] : [{ id, name, op, ...place }];
  });
  return {
    text: shown,
    linesLeftOut: end === Infinity ? 0 : lineBreaks(whole) - end,
    layers: placed.sort((a, b) => a.line - b.line),
    blocks: blocks.filter(({ last }) => last < end),
  };
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
