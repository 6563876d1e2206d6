// The numbers of a stored weight in the order of its matrix, and back into the same type and shape.

import { numberAt, writerOf } from '../../data/preprocess/cast';
import { elementCount, type Tensor } from '../../ir/model';
import { readTensor, tensorFrom } from '../../ir/tensors';
import type { LinearWeight } from './findWeights';
import { positionsOf, sizeOf, storedPositions } from './layout';

/** Groups, then rows, then columns. */
export async function readMatrix(tensor: Tensor, weight: LinearWeight): Promise<Float64Array> {
  const at = numberAt(await readTensor(tensor));
  const positions = matrixPositions(weight);
  const values = new Float64Array(positions.length);
  for (let index = 0; index < positions.length; index += 1) values[index] = at(positions[index] as number);
  return values;
}

/** The tensor with these numbers, rounded to its type; what was read comes back bit by bit. */
export function withMatrix(tensor: Tensor, weight: LinearWeight, values: Float64Array): Tensor {
  const writer = writerOf(tensor.type, elementCount(tensor.dims), tensor.name);
  const positions = matrixPositions(weight);
  for (let index = 0; index < positions.length; index += 1) writer.set(positions[index] as number, values[index] as number);
  return { ...tensor, data: tensorFrom(tensor.name, { type: tensor.type, dims: tensor.dims, data: writer.data }).data };
}

/** Stored position of every matrix element. */
export function matrixPositions({ layout, transpositions }: Pick<LinearWeight, 'layout' | 'transpositions'>): Int32Array {
  const positions = positionsOf(layout);
  if (transpositions.length === 0) return positions;
  const stored = storedPositions(transpositions, sizeOf(layout));
  return positions.map((position) => stored[position] as number);
}
