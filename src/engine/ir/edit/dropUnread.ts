// Takes out what a graph computed or stored for readers that now read something else.

import { indexGraph } from '../graphIndex';
import type { Graph, Node } from '../model';
import { dropStrayDescriptions } from './dropUnused';

/**
 * Of the values that lost a reader: those that nothing reads any more go, and with them the nodes and initializers that only
 * they needed. Initializers that callers may replace, as inputs of the graph, stay.
 */
export function dropUnread(graph: Graph, values: Iterable<string>): void {
  const index = indexGraph(graph);
  const unread = new Set<Node>();
  const isRead = (value: string): boolean => index.outputs.has(value) || index.uses(value).some(({ node }) => !unread.has(node));
  const waiting = [...values];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (isRead(name)) continue;
    const producer = index.producer.get(name);
    if (producer === undefined) {
      if (!index.inputs.has(name)) graph.initializers.delete(name);
    } else if (!producer.outputs.some(isRead)) {
      unread.add(producer);
      waiting.push(...producer.inputs.filter((input) => input !== ''));
    }
  }
  graph.nodes = graph.nodes.filter((node) => !unread.has(node));
  dropStrayDescriptions(graph);
}
