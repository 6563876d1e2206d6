// Rules about tensors: their data have the field and the length that type and shape want. Reads no values, except the
// indices of sparse tensors.

import { bitsOf, bytesOf, type DataType } from '../../dataTypes';
import { payloadLength } from '../../expand';
import { elementCount, type Tensor, type TensorData } from '../../model';
import type { SparseSite } from '../site';
import { type Breach, breach, rule, sound } from '../rule';

type Encoding = TensorData['encoding'];

/** The field of each type beside raw_data (comments of TensorProto); the others are in int32_data. */
const fieldOf: Partial<Record<DataType, Encoding | 'string'>> = {
  float32: 'float', complex64: 'float', float64: 'double', complex128: 'double', int64: 'int64', uint32: 'uint64', uint64: 'uint64', string: 'string',
};

function encodingOf({ data }: Tensor): Encoding | 'string' {
  return 'strings' in data ? 'string' : data.encoding;
}

function wrongField(tensor: Tensor): readonly Breach[] {
  const found = encodingOf(tensor);
  const wanted = fieldOf[tensor.type] ?? 'int32';
  // No data at all is a matter of the size.
  const fits = found === wanted || (found === 'raw' && (wanted !== 'string' || length(tensor) === 0));
  return fits || tensor.type === 'undefined' ? sound : breach({ tensor: tensor.name, type: tensor.type, field: found });
}

function length({ data }: Tensor): number {
  return 'strings' in data ? data.strings.length : payloadLength(data);
}

/** Integers in a packed field of varints end with a byte below 128. Undefined where the bytes are on disk. */
function varintCount(data: TensorData): number | undefined {
  if (!('bytes' in data.at)) return undefined;
  let count = 0;
  for (const byte of data.at.bytes) if (byte < 0x80) count++;
  return count;
}

function wrongSize(tensor: Tensor): readonly Breach[] {
  const { name, type, dims, data } = tensor;
  if (type === 'undefined' || wrongField(tensor).length > 0) return sound;
  const elements = elementCount(dims);
  const differs = (found: number, wanted: number, unit: 'unit.bytes' | 'unit.values'): readonly Breach[] =>
    (found === wanted ? sound : breach({ tensor: name, found, wanted, unit, type, shape: dims.join(', ') }));
  if ('strings' in data || type === 'string') return differs(length(tensor), elements, 'unit.values');
  if (data.encoding === 'raw' || data.encoding === 'float' || data.encoding === 'double') return differs(payloadLength(data), bytesOf(type, elements), 'unit.bytes');
  const found = varintCount(data);
  // Types under 8 bits share bytes, and each value of the field is one byte.
  const wanted = bitsOf(type) < 8 ? bytesOf(type, elements) : elements;
  return found === undefined ? sound : differs(found, wanted, 'unit.values');
}

/** Whether the data of a tensor are what its type and shape want, so that reading them does not fail. */
export function isWhole(tensor: Tensor): boolean {
  return wrongField(tensor).length === 0 && wrongSize(tensor).length === 0;
}

function sparseForm({ sparse: { values, indices, dims } }: SparseSite): readonly Breach[] {
  const [count] = values.dims;
  const linear = indices.dims.length === 1;
  const fits = values.dims.length === 1 && dims.length > 0 && indices.type === 'int64' && indices.dims[0] === count
    && (linear || (indices.dims.length === 2 && indices.dims[1] === dims.length));
  return fits ? sound : breach({ tensor: values.name, values: values.dims.join(', '), type: indices.type, indices: indices.dims.join(', ') });
}

/** Indices must grow, the last axis fastest, and lie inside the shape. */
function sparseIndices(site: SparseSite): readonly Breach[] {
  const { sparse: { values, indices: { dims: form }, dims }, indices } = site;
  if (indices === undefined || sparseForm(site).length > 0) return sound;
  const width = form.length === 1 ? 1 : dims.length;
  const limits = form.length === 1 ? [elementCount(dims)] : dims;
  let before = -1;
  for (let position = 0; position * width < indices.length; position++) {
    let place = 0;
    for (const [axis, limit] of limits.entries()) {
      const index = Number(indices[position * width + axis]);
      if (!(index >= 0 && index < limit)) return breach({ tensor: values.name, position });
      place = place * limit + index;
    }
    if (place <= before) return breach({ tensor: values.name, position });
    before = place;
  }
  return sound;
}

export const tensorRules = [
  rule({ id: 'check.tensorType', on: 'tensor', severity: 'error', check: ({ tensor }) => (tensor.type === 'undefined' ? breach({ tensor: tensor.name }) : sound) }),
  rule({ id: 'check.tensorField', on: 'tensor', severity: 'error', check: ({ tensor }) => wrongField(tensor) }),
  rule({ id: 'check.tensorSize', on: 'tensor', severity: 'error', check: ({ tensor }) => wrongSize(tensor) }),
  rule({ id: 'check.sparseForm', on: 'sparse', severity: 'error', check: sparseForm }),
  rule({ id: 'check.sparseIndices', on: 'sparse', severity: 'error', check: sparseIndices }),
];
