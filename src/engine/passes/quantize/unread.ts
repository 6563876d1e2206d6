// What a rewrite into codes leaves behind.

import { indexGraph } from '../../ir/graphIndex';
import { type Graph, type Node, isOp } from '../../ir/model';

/** The nodes of a graph without each DequantizeLinear that nobody reads: codes went on as codes. */
export function withoutUnread(graph: Graph): Node[] {
  const index = indexGraph(graph);
  return graph.nodes.filter((node) => {
    const output = node.outputs[0] ?? '';
    return !isOp(node, 'DequantizeLinear') || index.uses(output).length > 0 || index.outputs.has(output);
  });
}
