// How many units layers had and kept, of their own and of those they read, over one round or several; and the forms that
// say so.

import { type FormCode, said, type Said } from '../../../protocol/text/index';
import type { Dependencies, GroupKind } from '../../analysis/dependencies/index';
import type { Origins } from '../pass';
import { layersFrom } from './outcome';
import type { ChosenUnits } from './surgery/index';

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
