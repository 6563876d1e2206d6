// Models of many GB for benchmarks: dense layers whose weights are made while they are written, never held in memory.

import type { ByteSource } from '../../src/engine/bytes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../src/engine/ir/build';
import type { Model, Tensor } from '../../src/engine/ir/model';

const WIDTH = 4096;
const FLOAT_BYTES = 4;
/** Bytes of one layer's weights: 67 MB. */
const LAYER_BYTES = WIDTH * WIDTH * FLOAT_BYTES;

/** A chain of MatMul, Add and Relu with as many layers as fit in `bytes`, and a last narrower one. */
export function denseModel(bytes: number): Model {
  const whole = Math.floor(bytes / LAYER_BYTES);
  const widths = [...Array.from({ length: whole }, () => WIDTH), Math.floor((bytes - whole * LAYER_BYTES) / (WIDTH * FLOAT_BYTES))].filter((width) => width > 0);
  const last = widths.length - 1;
  return makeModel(makeGraph({
    inputs: [makeValue('x0', 'float32', ['N', WIDTH])],
    outputs: [makeValue(`x${last + 1}`, 'float32', ['N', widths[last] ?? WIDTH])],
    nodes: widths.flatMap((_, index) => [
      makeNode('MatMul', [`x${index}`, `w${index}`], [`product${index}`], {}, { name: `matmul${index}` }),
      makeNode('Add', [`product${index}`, `b${index}`], [`sum${index}`], {}, { name: `add${index}` }),
      makeNode('Relu', [`sum${index}`], [`x${index + 1}`], {}, { name: `relu${index}` }),
    ]),
    initializers: widths.flatMap((width, index) => [weights(`w${index}`, [WIDTH, width], index), weights(`b${index}`, [width], index)]),
  }));
}

function weights(name: string, dims: readonly number[], seed: number): Tensor {
  const length = dims.reduce((product, dim) => product * dim, FLOAT_BYTES);
  return { name, type: 'float32', dims, data: { encoding: 'raw', at: { source: pattern(name, length, seed), offset: 0, length } } };
}

/** Small float32 numbers that repeat after a prime count, so that no two pages of a file are alike. */
function pattern(name: string, size: number, seed: number): ByteSource {
  const period = 65_537;
  const values = Float32Array.from({ length: period }, (_, index) => Math.sin(index * (seed + 1)) / WIDTH);
  const once = new Uint8Array(values.buffer);
  return {
    name,
    size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const from = (offset + done) % once.length;
        const piece = once.subarray(from, Math.min(once.length, from + length - done));
        bytes.set(piece, done);
        done += piece.length;
      }
      return Promise.resolve(bytes);
    },
    close: () => Promise.resolve(),
  };
}
