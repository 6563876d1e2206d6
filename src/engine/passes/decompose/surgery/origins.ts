// Origins of a model whose layers were replaced by factors.

import type { Model } from '../../../ir/model';
import type { Origins } from '../../pass';

/**
 * Every node that was added comes from the layers of the node in whose place it is. None where none are known.
 *
 * @param added first outputs of added nodes with those of the nodes they stand for, as `replaceLayer` gives them; of several layers joined.
 */
export function originsWith({ graph }: Model, before: Origins, added: ReadonlyMap<string, string>): Origins {
  if (before.size === 0) return before;
  return new Map(graph.nodes.map(({ outputs: [output = ''] }) => [output, before.get(added.get(output) ?? output) ?? []]));
}
