// The cases of Debian's libonnx-testdata: a folder each, with model.onnx and test_data_set_0/{input,output}_N.pb.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readModel } from '../../../src/engine/ir/codec';
import type { DataType } from '../../../src/engine/ir/dataTypes';
import type { Model, Tensor, ValueType } from '../../../src/engine/ir/model';
import { pushVarint } from '../../../src/engine/ir/wire';
import { memorySource } from './memorySource';
import type { OperatorCase, Shown } from './case';

export const debianFolder = '/usr/share/libonnx-testdata/data';
/** The folders that issue 3 names; `real` holds whole networks without data. */
const folders = ['node', 'simple', 'pytorch-operator', 'pytorch-converted'];

export const hasDebianCases = existsSync(join(debianFolder, 'node'));

export async function* debianCases(): AsyncGenerator<OperatorCase> {
  for (const folder of folders) {
    for (const name of readdirSync(join(debianFolder, folder)).sort()) {
      const path = join(debianFolder, folder, name);
      if (existsSync(join(path, 'model.onnx'))) yield await readCase(`${folder}/${name}`, path);
    }
  }
}

async function readCase(name: string, path: string): Promise<OperatorCase> {
  const bytes = new Uint8Array(readFileSync(join(path, 'model.onnx')));
  const model = await readModel(memorySource(bytes));
  const constants = new Map<string, Tensor>();
  const shapes: Record<string, readonly number[]> = {};
  const fed = model.graph.inputs.filter((input) => !model.graph.initializers.has(input.name));
  for (const [index, input] of fed.entries()) {
    const file = dataFile(path, 'input', index);
    if (file === undefined || input.type?.kind !== 'tensor') continue;
    const tensor = await readTensorFile(file);
    if (tensor.type === input.type.type) constants.set(input.name, tensor);
    shapes[input.name] = tensor.dims;
  }
  return { name, bytes, shapes, constants, outputs: await shownOutputs(path, model) };
}

async function shownOutputs(path: string, model: Model): Promise<Map<string, Shown>> {
  const outputs = new Map<string, Shown>();
  for (const [index, output] of model.graph.outputs.entries()) {
    const file = dataFile(path, 'output', index);
    if (file !== undefined && output.type !== undefined) outputs.set(output.name, await shown(file, output.type));
  }
  return outputs;
}

function dataFile(path: string, role: 'input' | 'output', index: number): Uint8Array | undefined {
  const file = join(path, 'test_data_set_0', `${role}_${index}.pb`);
  return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
}

/** SequenceProto and OptionalProto (onnx-data.proto) both hold tensors in field 3 and sequences in field 5. */
const TENSORS = 3;
const SEQUENCES = 5;

async function shown(bytes: Uint8Array, type: ValueType): Promise<Shown> {
  switch (type.kind) {
    case 'tensor':
    case 'sparseTensor': {
      const tensor = await readTensorFile(bytes);
      // Data of bfloat16 was written as its bits before NumPy had the type.
      const bits = type.type === 'bfloat16' && tensor.type === 'uint16';
      return { kind: 'tensor', type: bits ? type.type : tensor.type, shape: tensor.dims };
    }
    case 'sequence':
      return { kind: 'sequence', type: elementType(type.element), elements: await Promise.all(members(bytes).map((member) => shown(member, type.element))) };
    case 'optional': {
      const [member = new Uint8Array(0)] = members(bytes);
      return { kind: 'optional', element: await shown(member, type.element) };
    }
    default:
      throw new Error(`no reader for data of kind ${type.kind}`);
  }
}

function elementType(type: ValueType): DataType {
  if (type.kind === 'tensor' || type.kind === 'sparseTensor') return type.type;
  return type.kind === 'sequence' || type.kind === 'optional' ? elementType(type.element) : 'undefined';
}

/** Length-delimited fields 3 and 5 of a message. */
function members(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const length = varint();
    if ((tag & 7) !== 2) continue;
    if (tag >> 3 === TENSORS || tag >> 3 === SEQUENCES) found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

/** A TensorProto of its own, read as the one initializer of a model around it. */
async function readTensorFile(bytes: Uint8Array): Promise<Tensor> {
  const graph = field(5, bytes);
  const model = await readModel(memorySource(Uint8Array.from([8, 8, ...field(8, Uint8Array.of(16, 17)), ...field(7, graph)])));
  const [tensor] = model.graph.initializers.values();
  if (tensor === undefined) throw new Error('the data file holds no tensor');
  return tensor;
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  pushVarint(head, number * 8 + 2);
  pushVarint(head, bytes.length);
  return Uint8Array.from([...head, ...bytes]);
}
