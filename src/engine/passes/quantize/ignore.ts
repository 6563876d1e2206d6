// Which layers an option (`ignore`, `freeze`) names: by layer id, node name or pattern, looked up in the model as the user knows it
// (before clean-up), and remembered as layer ids so that they are found after nodes were merged.

import { EngineError } from '../../error';
import { type Graph, type Node, nodeLabel } from '../../ir/model';
import type { Origins } from '../pass';

/**
 * Layer ids that `patterns` match; `*` stands for any characters, `?` for one.
 *
 * @param option name of the option that holds the patterns, for messages
 *
 * @throws EngineError `ignoreMatchesNothing`
 */
export function ignoredLayers(graph: Graph, origins: Origins, patterns: readonly string[], option = 'ignore'): ReadonlySet<string> {
  const ignored = new Set<string>();
  for (const pattern of patterns) {
    const matches = matcher(pattern);
    let found = false;
    for (const node of graph.nodes) {
      const layers = layersOf(node, origins);
      if (![node.name, ...node.outputs, ...layers].some(matches)) continue;
      for (const layer of layers) ignored.add(layer);
      found = true;
    }
    if (!found) throw new EngineError('ignoreMatchesNothing', { pattern, option });
  }
  return ignored;
}

/** Layers of the original that `node` came from. */
export function layersOf(node: Node, origins: Origins): readonly string[] {
  const layers = origins.get(node.outputs[0] ?? '') ?? [];
  return layers.length > 0 ? layers : [node.outputs[0] ?? nodeLabel(node)];
}

function matcher(pattern: string): (name: string) => boolean {
  const source = [...pattern].map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.|+()[\]{}]/, '\\$&')));
  const expression = new RegExp(`^${source.join('')}$`, 'su');
  return (name) => name !== '' && expression.test(name);
}
