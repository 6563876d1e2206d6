// One graph that can leave out any choice of blocks: behind each stands a Where that takes the shortcut in place of the
// block where its switch, an input, is on. One session then measures all choices; what it gives equals real removal.

import type { Block } from '../../../analysis/blocks/index';
import { makeNode, makeValue } from '../../../ir/build';
import { cloneModel } from '../../../ir/clone';
import { indexGraph } from '../../../ir/graphIndex';
import { type Model, opsetOf } from '../../../ir/model';
import { convertOpset } from '../../../ir/opsetConversion';
import type { NdArray } from '../../../ports';

export interface SkipGraph {
  readonly model: Model;
  /** The switches with these blocks left out. */
  switches(skipped: ReadonlySet<Block>): Readonly<Record<string, NdArray>>;
}

/** Where came with opset 9. */
const WHERE_OPSET = 9;

/** @throws EngineError what converting from an older opset throws. */
export async function skipGraphOf(given: Model, blocks: readonly Block[]): Promise<SkipGraph> {
  const model = cloneModel((opsetOf(given) ?? 1) < WHERE_OPSET ? (await convertOpset(given, WHERE_OPSET)).model : given);
  const { graph } = model;
  const index = indexGraph(graph);
  const names = new Map<Block, string>();
  for (const block of blocks) {
    const skip = index.uniqueName('skip');
    names.set(block, skip);
    graph.inputs.push(makeValue(skip, 'bool', []));
    for (const { exit, shortcut } of block.parts) {
      const whole = index.uniqueName(`${exit}_whole`);
      const position = graph.nodes.findIndex(({ outputs }) => outputs.includes(exit));
      const maker = graph.nodes[position];
      if (maker === undefined) throw new Error(`nothing makes ${exit}`);
      maker.outputs = maker.outputs.map((output) => (output === exit ? whole : output));
      // Readers and outputs of the model keep the name.
      graph.nodes.splice(position + 1, 0, makeNode('Where', [skip, shortcut, whole], [exit]));
    }
  }
  return { model, switches: (skipped) => Object.fromEntries([...names].map(([block, name]) => [name, { type: 'bool', dims: [], data: Uint8Array.of(skipped.has(block) ? 1 : 0) }])) };
}
