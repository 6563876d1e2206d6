// A program of its own, bundled by largeFiles.ts: opens a model, renames one node and saves it, as an edit does. Prints the
// time of saving alone; the parent reads the memory of the whole process.

import { readModel, releaseModel } from '../../src/engine/ir/codec';
import { nodeFiles } from '../../src/runtime/files';
import { saveModel } from '../../src/runtime/saveModel';

async function main([from = '', to = '']: readonly string[]): Promise<void> {
  const model = await readModel(await nodeFiles.open(from), nodeFiles);
  const [node] = model.graph.nodes;
  if (node === undefined) throw new Error(`${from} has no nodes`);
  node.name = 'renamed';
  const began = performance.now();
  const { files } = await saveModel(model, to);
  const seconds = (performance.now() - began) / 1000;
  await releaseModel(model);
  // maxRSS is in KB on every system (Node.js, process.resourceUsage).
  process.stdout.write(JSON.stringify({ seconds, files, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

void main(process.argv.slice(2));
