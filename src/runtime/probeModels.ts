// One tiny model for each number format: a matrix product that a provider either has a kernel for or has not. Weights
// are zeros, since only where and in what type it runs matters.

import type { KernelRecord } from '../engine/analysis/attribution';
import { int } from '../engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../engine/ir/build';
import { bytesOf, type DataType } from '../engine/ir/dataTypes';
import { elementCount, type Model, type Node, type Tensor } from '../engine/ir/model';
import { tensorFrom } from '../engine/ir/tensors';
import type { NdArray } from '../engine/ports';
import type { ProbeFormat } from './probeMessages';

/** Depth and width of the product; 32 is the smallest block of MatMulNBits. */
const K = 32;
const N = 8;

export const probeFeeds: Readonly<Record<string, NdArray>> = { x: { type: 'float32', dims: [1, K], data: new Float32Array(K).fill(1) } };

export function probeModel(format: ProbeFormat): Model {
  switch (format) {
    case 'float32': return model([makeNode('MatMul', ['x', 'w'], ['y'])], [zeros('w', 'float32', [K, N])]);
    case 'float16': return castModel('float16', 10);
    case 'bfloat16': return castModel('bfloat16', 16);
    case 'int8': return quantizedModel();
    case 'int4': return model(
      [makeNode('MatMulNBits', ['x', 'w', 's'], ['y'], { K: int(K), N: int(N), bits: int(4), block_size: int(K) }, { domain: 'com.microsoft' })],
      [zeros('w', 'uint8', [N, 1, K / 2]), scalar('s', [N])],
    );
  }
}

/** Inputs and outputs stay float32, whatever the format: the Node binding carries no bfloat16. `to` is the wire value of the type. */
function castModel(type: DataType, to: number): Model {
  return model(
    [makeNode('Cast', ['x'], ['a'], { to: int(to) }), makeNode('MatMul', ['a', 'w'], ['b']), makeNode('Cast', ['b'], ['y'], { to: int(1) })],
    [zeros('w', type, [K, N])],
  );
}

/** QDQ with symmetric s8 on both sides, the form that every provider with int8 kernels takes. */
function quantizedModel(): Model {
  return model([
    makeNode('QuantizeLinear', ['x', 's', 'z'], ['q']),
    makeNode('DequantizeLinear', ['q', 's', 'z'], ['a']),
    makeNode('DequantizeLinear', ['w', 's', 'z'], ['b']),
    makeNode('MatMul', ['a', 'b'], ['c']),
    makeNode('QuantizeLinear', ['c', 's', 'z'], ['d']),
    makeNode('DequantizeLinear', ['d', 's', 'z'], ['y']),
  ], [zeros('w', 'int8', [K, N]), scalar('s', []), zeros('z', 'int8', [])]);
}

/** Types of a kernel's inputs in a profile that show the format at work. */
const inputTypes: Readonly<Record<ProbeFormat, readonly string[]>> = {
  float32: ['float'], float16: ['float16'], bfloat16: ['bfloat16'], int8: ['int8', 'uint8'], int4: [],
};
/** A kernel for 4-bit weights, whose packed weights a profile may not list any more. */
const INT4_KERNEL = 'MatMulNBits';
const auxiliary: readonly string[] = ['QuantizeLinear', 'DequantizeLinear', 'Cast', 'MemcpyFromHost', 'MemcpyToHost'];
/** Partitions that a provider compiled carry its name; their inner types do not show. */
const compiled = /TRT|TensorRT|CoreML/i;

/** Whether the product itself ran in the format, on the provider. */
export function ranIn(format: ProbeFormat, provider: string, kernels: readonly KernelRecord[]): boolean {
  return kernels.some((kernel) => kernel.provider === provider && !auxiliary.includes(kernel.op)
    && (compiled.test(kernel.op) || (format === 'int4' && kernel.op === INT4_KERNEL) || kernel.inputTypes.some((type) => inputTypes[format].includes(type))));
}

function model(nodes: readonly Node[], initializers: readonly Tensor[]): Model {
  const graph = makeGraph({ nodes, initializers, inputs: [makeValue('x', 'float32', [1, K])], outputs: [makeValue('y', 'float32', [1, N])] });
  return makeModel(graph, { '': 21, 'com.microsoft': 1 });
}

function zeros(name: string, type: DataType, dims: readonly number[]): Tensor {
  return { name, type, dims, data: { encoding: 'raw', at: { bytes: new Uint8Array(bytesOf(type, elementCount(dims))) } } };
}

function scalar(name: string, dims: readonly number[]): Tensor {
  return tensorFrom(name, { type: 'float32', dims, data: new Float32Array(elementCount(dims)).fill(0.1) });
}
