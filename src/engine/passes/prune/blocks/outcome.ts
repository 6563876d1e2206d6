// What prune.blocks tells: which blocks went and what each cost, what the others would have cost, which had to stay and why.

import { formatDigits, formatPercent } from '../../../../protocol/format';
import type { Finding } from '../../../../protocol/report';
import { type FormCode, said, type Said, type TextParams } from '../../../../protocol/text/index';
import type { Block, StuckResidual, WrittenNorms } from '../../../analysis/blocks/index';
import type { Layer } from '../../../analysis/layers';
import type { Model } from '../../../ir/model';
import type { Origins } from '../../pass';
import { type Costs, leftParams } from '../../costs';
import { layersFrom } from '../outcome';
import type { Distance } from '../../answers';
import type { RemovalStep } from './choose';

/** A block is called by its first and last layer with weights. */
export function blockName(layers: readonly Layer[], origins: Origins): string {
  const names = layers.flatMap(({ id }) => layersFrom(id, origins));
  const [first = '', last = first] = [names[0], names.at(-1)];
  return first === last ? first : `${first} … ${last}`;
}

export function layersOfBlock({ parts }: Block): readonly Layer[] {
  return parts.flatMap(({ layers }) => layers);
}

/** Layers of the original of which nothing is left, that something was left of before. */
export function removedForms(before: Origins, model: Model, origins: Origins): ReadonlyMap<string, Said<FormCode>> {
  const left = new Set(model.graph.nodes.flatMap(({ outputs: [output = ''] }) => origins.get(output) ?? []));
  return new Map([...new Set([...before.values()].flat())].filter((layer) => !left.has(layer)).map((layer) => [layer, said('form.removed', {})]));
}

export interface BlocksRemoval {
  readonly steps: readonly RemovalStep[];
  readonly total: number;
  readonly samples: number;
  readonly before: Costs;
  readonly after: Costs;
}

export function removalFindings({ steps, total, samples, before, after }: BlocksRemoval, origins: Origins): Finding[] {
  const effects = (steps[0]?.candidates ?? []).map(({ block, distance }) => `"${blockName(layersOfBlock(block), origins)}" ${shown(distance)}`);
  return [
    info('finding.blocksRemoved', { removed: steps.length, total, samples, ...leftParams(before, after) }),
    ...steps.map(({ block, distance }, index) => info('finding.blockRemoved', { rank: index + 1, block: blockName(layersOfBlock(block), origins), effect: shown(distance) })),
    info('finding.blockEffects', { effects: effects.join(', '), samples }),
  ];
}

export function stayingFindings(stuck: readonly StuckResidual[], ignored: readonly Block[], origins: Origins): Finding[] {
  return [
    ...stuck.map(({ layers, why }) => info('finding.blockStays', { block: blockName(layers, origins), why })),
    ...ignored.map((block) => info('finding.blockStays', { block: blockName(layersOfBlock(block), origins), why: 'why.ignored' })),
  ];
}

export function writtenNormFindings({ count, opset }: WrittenNorms): Finding[] {
  return count === 0 ? [] : [{ severity: 'warning', ...said('finding.normsWritten', { count, opset }) }];
}

/** `0.012 (1.2 %)`: the distance, and the share of answers that are others. */
function shown({ divergence, changed }: Distance): string {
  const size = Number.isFinite(divergence) ? formatDigits(divergence) : '∞';
  return changed === undefined ? size : `${size} (${formatPercent(changed)})`;
}

function info(code: Parameters<typeof said>[0] & Finding['code'], params: TextParams): Finding {
  return { severity: 'info', ...said(code, params) };
}
