// The text form: how fast it is printed and read back, and that it reads no large weights.

import { join } from 'node:path';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import { readModel, releaseModel, writeModel } from '../../src/engine/ir/codec';
import type { Model } from '../../src/engine/ir/model';
import { tensorFrom } from '../../src/engine/ir/tensors';
import { parseModel } from '../../src/engine/ir/text/parser';
import { printModel } from '../../src/engine/ir/text/printer';
import { nodeFiles, writeAtomically } from '../../src/runtime/files';
import type { Bench } from '../lib/bench';
import { inTemporaryFolder } from '../lib/workspace';

const NODES = 10_000;
/** 25 matrices of 1024 x 1024 float32: 105 MB. */
const LAYERS = 25;
const WIDTH = 1024;
const RUNS = 7;
const MAX_SECONDS = 1;

export const modelText: Bench = {
  name: 'text',
  title: 'A model as text',
  run: () => inTemporaryFolder(async (folder) => {
    const long = chain(NODES, 2);
    const text = await printModel(long);
    const print = await median(() => printModel(long));
    const parse = await median(() => Promise.resolve(parseModel(text)));

    const path = join(folder, 'dense.onnx');
    await writeAtomically(path, (sink) => writeModel(chain(LAYERS, WIDTH), sink));
    const source = await nodeFiles.open(path);
    let read = 0;
    const model = await readModel({ name: path, size: source.size, close: () => source.close(), read: (offset, length) => { read += length; return source.read(offset, length); } });
    const structure = read;
    const dense = await median(() => printModel(model));
    await releaseModel(model);
    const seconds = (value: number): string => `${value.toFixed(3)} s`;
    return {
      claims: [
        { claim: `print ${NODES} nodes (${(text.length / 1e6).toFixed(1)} MB of text), median of ${RUNS}`, wanted: `< ${MAX_SECONDS} s`, found: seconds(print), met: print < MAX_SECONDS },
        { claim: 'read that text back', wanted: `< ${MAX_SECONDS} s`, found: seconds(parse), met: parse < MAX_SECONDS },
        { claim: `bytes read to print a model of ${(source.size / 1e6).toFixed(0)} MB`, wanted: '0', found: `${read - structure}`, met: read === structure, note: `${structure} bytes of structure were read before; printing took ${seconds(dense)}` },
      ],
      tables: [],
    };
  }),
};

/** Matrix products one after the other, each with its weights, an attribute and a bias. */
function chain(nodes: number, width: number): Model {
  const indices = Array.from({ length: nodes }, (_, index) => index);
  return makeModel(makeGraph({
    inputs: [makeValue('x0', 'float32', ['N', width])],
    outputs: [makeValue(`x${nodes}`, 'float32', ['N', width])],
    nodes: indices.map((index) => makeNode('Gemm', [`x${index}`, `block.${index}.weight`], [`x${index + 1}`], { transB: { kind: 'int', value: 1n } }, { name: `/block/${index}/Gemm` })),
    initializers: indices.map((index) => tensorFrom(`block.${index}.weight`, { type: 'float32', dims: [width, width], data: new Float32Array(width * width).fill(index / 7) })),
  }));
}

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < RUNS; index += 1) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1] ?? NaN;
}
