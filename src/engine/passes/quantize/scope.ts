// The graph under construction: adds initializers and nodes with names that are unique in it, and shares equal scalars.

import type { GraphIndex } from '../../ir/graphIndex';
import type { Graph, Node } from '../../ir/model';
import { makeNode } from '../../ir/build';
import { int } from '../../ir/attributes';
import { tensorFrom } from '../../ir/tensors';
import type { NdArray, TypedArray } from '../../ports';
import type { Affine } from './affine';

export interface GraphScope {
  readonly graph: Graph;
  uniqueName(base: string): string;
  /** Adds a constant and gives its name. */
  constant(base: string, array: NdArray): string;
  /** A scalar of that value; equal ones are one initializer. */
  scalar(base: string, type: ScalarType, value: number): string;
  /** `length` times the value; equal ones are one initializer (zero points of channels). */
  repeated(base: string, type: ScalarType, value: number, length: number): string;
}

type ScalarType = 'float32' | 'uint8' | 'int8' | 'int32';

export function graphScope(index: GraphIndex): GraphScope {
  const { graph } = index;
  const shared = new Map<string, string>();
  const constant = (base: string, array: NdArray): string => {
    const name = index.uniqueName(base);
    graph.initializers.set(name, tensorFrom(name, array));
    return name;
  };
  const once = (key: string, base: string, array: () => NdArray): string => {
    const name = shared.get(key) ?? constant(base, array());
    shared.set(key, name);
    return name;
  };
  return {
    graph,
    uniqueName: (base) => index.uniqueName(base),
    constant,
    scalar: (base, type, value) => once(`${type} ${value}`, base, () => ({ type, dims: [], data: arrayOf[type]([value]) })),
    repeated: (base, type, value, length) =>
      once(`${type} ${value} ${length}`, base, () => ({ type, dims: [length], data: arrayOf[type](new Array<number>(length).fill(value)) })),
  };
}

const arrayOf: Readonly<Record<ScalarType, (values: readonly number[]) => TypedArray>> = {
  float32: (values) => Float32Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  int8: (values) => Int8Array.from(values),
  int32: (values) => Int32Array.from(values),
};

/** Names of the scale and zero point of one map. */
export interface MapNames {
  readonly scale: string;
  /** '' for 0, where DequantizeLinear may leave it out. */
  readonly zeroPoint: string;
}

/** Scale and zero point of `affine` as scalars named after `tensor`. */
export function mapConstants(scope: GraphScope, tensor: string, affine: Affine): MapNames {
  const { type } = affine.range;
  return {
    scale: scope.scalar(`${tensor}_scale`, 'float32', affine.scale),
    zeroPoint: scope.scalar(`${tensor}_zero`, type, affine.zeroPoint),
  };
}

// Neither has a name of its own: none is asked for, and it would repeat that of the output.

export function quantizeNode(input: string, map: MapNames, output: string): Node {
  return makeNode('QuantizeLinear', [input, map.scale, map.zeroPoint], [output]);
}

/** `axis` is written out always: its default is 1, which is wrong for weights of Conv. */
export function dequantizeNode(input: string, { scale, zeroPoint }: MapNames, output: string, axis?: number): Node {
  return makeNode('DequantizeLinear', zeroPoint === '' ? [input, scale] : [input, scale, zeroPoint], [output], axis === undefined ? {} : { axis: int(axis) });
}
