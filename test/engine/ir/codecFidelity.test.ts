// Nothing is lost between reading and writing: random messages with every field of onnx.proto come back equal, and elements
// are read as the protobuf library reads them.

import assert from 'node:assert/strict';
import { create, createRegistry, type DescMessage, equals, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import * as pb from 'onnx-buf';
import { EngineError } from '../../../src/engine/error';
import { cloneModel } from '../../../src/engine/ir/clone';
import { encodedLength, encodeModel, readModel } from '../../../src/engine/ir/codec';
import { bitsOf, bytesOf, type DataType, dataTypes } from '../../../src/engine/ir/dataTypes';
import type { Tensor } from '../../../src/engine/ir/model';
import { readTensor } from '../../../src/engine/ir/tensors';
import { model as anyModel, tensor as anyTensor } from '../../support/arbitraryModel';
import { memorySource } from '../../support/memorySource';

/** Tells extensions from unknown fields; onnx.proto has no extensions. */
const registry = createRegistry(pb.file_onnx);

/** Lists that are maps by meaning: what a map cannot hold comes after what it can. */
const maps = new Set(['metadataProps', 'opsetImport', 'valueInfo', 'quantizationAnnotation', 'quantParameterTensorNames', 'initializationBinding', 'updateBinding']);

/** The message with those lists in one order. */
function sorted<Shape extends Message>(schema: DescMessage, message: Shape): Shape {
  const record = message as unknown as Record<string, unknown>;
  for (const field of schema.fields) {
    if (field.message === undefined) continue;
    const { message: inner } = field;
    const value = field.oneof === undefined ? record[field.localName] : undefined;
    const items = Array.isArray(value) ? (value as Message[]) : value === undefined ? [] : [value as Message];
    for (const item of items) sorted(inner, item);
    if (maps.has(field.localName)) items.sort((a, b) => Buffer.compare(toBinary(inner, a), toBinary(inner, b)));
    if (maps.has(field.localName)) record[field.localName] = items;
  }
  return message;
}

function parsed(bytes: Uint8Array): pb.ModelProto {
  return sorted(pb.ModelProtoSchema, fromBinary(pb.ModelProtoSchema, bytes));
}

function modelWith(graph: Parameters<typeof create<typeof pb.GraphProtoSchema>>[1], irVersion = 13n): Uint8Array {
  return toBinary(pb.ModelProtoSchema, create(pb.ModelProtoSchema, { irVersion, opsetImport: [{ version: 25n }], graph: create(pb.GraphProtoSchema, graph) }));
}

async function refusal(bytes: Uint8Array): Promise<EngineError> {
  const error: unknown = await readModel(memorySource(bytes)).then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof EngineError, `not refused: ${String(error)}`);
  return error;
}

async function readOne(message: pb.TensorProto): Promise<Tensor> {
  const model = await readModel(memorySource(modelWith({ initializer: [message] })));
  const [tensor] = model.graph.initializers.values();
  assert.ok(tensor);
  return tensor;
}

describe('codec, fidelity', () => {
  it('gives any message back as it was', async () => {
    await fc.assert(fc.asyncProperty(anyModel, async (message) => {
      const bytes = toBinary(pb.ModelProtoSchema, message);
      const model = await readModel(memorySource(bytes));
      const written = await encodeModel(cloneModel(model));
      assert.equal(encodedLength(model), written.length);
      const [before, after] = [parsed(bytes), parsed(written)];
      if (!equals(pb.ModelProtoSchema, before, after, { registry, unknown: true })) assert.deepEqual(after, before);
    }), { numRuns: 300 });
  }).timeout(30_000);

  it('reads elements as the protobuf library does', async () => {
    await fc.assert(fc.asyncProperty(anyTensor, async (message) => {
      const type = dataTypes[message.dataType];
      if (type === undefined || type === 'undefined') return;
      const { data } = await readTensor(await readOne(Object.assign(message, { name: 'w' })));
      const typed = [message.floatData, message.doubleData, message.int32Data, message.int64Data, message.uint64Data].find((list) => list.length > 0);
      if (type === 'string') assert.deepEqual(data, message.stringData.map((value) => new TextDecoder().decode(value)));
      else if (typed !== undefined) assert.deepEqual(Array.from(data as ArrayLike<number | bigint>, Number), Array.from(typed as ArrayLike<number | bigint>, Number));
      else {
        assert.ok(!Array.isArray(data));
        const view = data as Exclude<typeof data, readonly string[]>;
        assert.deepEqual(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), Uint8Array.from(message.rawData));
      }
    }), { numRuns: 500 });
  }).timeout(20_000);

  it('keeps types of one byte and less as packed bytes', async () => {
    const narrow = dataTypes.filter((type) => bitsOf(type) > 0 && bitsOf(type) <= 8);
    assert.ok(['int4', 'uint4', 'float4e2m1', 'int2', 'uint2', 'float8e4m3fn', 'float8e8m0'].every((type) => narrow.includes(type as DataType)));
    for (const type of narrow) {
      const dataType = dataTypes.indexOf(type);
      const size = bytesOf(type, 5);
      const bytes = Uint8Array.from({ length: size }, (_, index) => (type === 'bool' ? index % 2 : 17 * index + 3));
      for (const data of [{ rawData: bytes }, { int32Data: [...bytes] }]) {
        const tensor = await readOne(create(pb.TensorProtoSchema, { name: 'w', dataType, dims: [5n], ...data }));
        const { data: values } = await readTensor(tensor);
        assert.deepEqual(new Uint8Array((values as Uint8Array).buffer, (values as Uint8Array).byteOffset, size), bytes, type);
      }
    }
  });

  it('reads IR 3 to 13 and refuses others by name', async () => {
    for (let version = 3n; version <= 13n; version += 1n) await readModel(memorySource(modelWith({}, version)));
    for (const version of [1n, 2n, 14n, -5n, 2n ** 62n]) {
      const error = await refusal(modelWith({}, version));
      assert.equal(error.code, 'unsupportedIrVersion');
      assert.match(error.message, new RegExp(`IR version ${Number(version)}`.replace('+', '\\+')));
    }
  });

  it('refuses tensors that contradict themselves, with their name', async () => {
    const float = { name: 'broken', dataType: 1, dims: [2n] };
    const broken: readonly (readonly [Parameters<typeof create<typeof pb.TensorProtoSchema>>[1], string])[] = [
      [{ ...float, rawData: new Uint8Array(8), floatData: [1, 2] }, 'invalidGraph'],
      [{ ...float, floatData: [1, 2], int32Data: [1, 2] }, 'invalidGraph'],
      [{ ...float, rawData: new Uint8Array(8), stringData: [Uint8Array.of(1)] }, 'invalidGraph'],
      [{ ...float, rawData: new Uint8Array(8), dataLocation: 1, externalData: [{ key: 'location', value: 'x' }] }, 'externalDataMissing'],
      [{ ...float, int64Data: [1n, 2n] }, 'invalidGraph'],
      [{ ...float, stringData: [Uint8Array.of(1), Uint8Array.of(2)] }, 'invalidGraph'],
      [{ ...float, rawData: new Uint8Array(7) }, 'tensorSizeMismatch'],
      [{ ...float, floatData: [1] }, 'tensorSizeMismatch'],
      [float, 'tensorSizeMismatch'],
      [{ ...float, dims: [-2n], floatData: [1, 2] }, 'invalidGraph'],
      [{ ...float, dims: [2n ** 40n, 2n ** 40n] }, 'invalidGraph'],
      [{ ...float, dims: [2n ** 62n] }, 'invalidGraph'],
      [{ ...float, dims: Array.from({ length: 300 }, () => 1n), floatData: [1] }, 'invalidGraph'],
      [{ ...float, dataType: 8, dims: [2n], stringData: [Uint8Array.of(1)] }, 'tensorSizeMismatch'],
      [{ ...float, dataType: 8, dims: [2n], rawData: new Uint8Array(2) }, 'invalidGraph'],
      [{ ...float, dataType: 7, int64Data: [1n] }, 'tensorSizeMismatch'],
    ];
    for (const [message, code] of broken) {
      const error = await refusal(modelWith({ initializer: [create(pb.TensorProtoSchema, message)] }));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, /broken/);
    }
    // How many varints there are shows only when they are read.
    const late = await readOne(create(pb.TensorProtoSchema, { ...float, dataType: 7, dims: [3n], int64Data: [1n, -1n] }));
    await assert.rejects(readTensor(late), { code: 'tensorSizeMismatch' });
  });

  it('refuses names that mean two things', async () => {
    const node = (output: string): Parameters<typeof create<typeof pb.NodeProtoSchema>>[1] => ({ opType: 'Relu', input: ['x'], output: [output] });
    const x = { name: 'x' };
    const tensor = { name: 'w', dataType: 1, dims: [0n] };
    for (const graph of [
      { input: [x], node: [node('y'), node('y')] },
      { input: [x], node: [node('x')] },
      { input: [x, x] },
      { initializer: [tensor, tensor] },
      { node: [{ opType: 'Relu', attribute: [{ name: 'a', type: 2, i: 1n }, { name: 'a', type: 2, i: 2n }] }] },
    ]) {
      assert.equal((await refusal(modelWith(graph as never))).code, 'invalidGraph');
    }
  });
});
