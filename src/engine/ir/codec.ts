// Serialized ONNX to `Model` and back. Reading takes the structure and leaves weights where they are; writing streams.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { EngineError, errorMessage } from '../error';
import type { ByteSink, ByteSource, FileSystem } from '../ports';
import { decodeModel } from './decode';
import { encodeMessages, type PayloadPlacement } from './encode';
import { type Expansion, expand, writePieces } from './expand';
import { externalData, openSideFiles } from './external';
import type { ByteReference, Model, TensorData } from './model';
import { refuseOtherFormats } from './recognise';
import { scanModel } from './scan';

/** IR versions of onnx.proto that are known (ONNX 1.20: 13); versions 1 and 2 predate opset imports. */
const MIN_IR_VERSION = 3;
const MAX_IR_VERSION = 13;

/** Protobuf refuses messages of 2 GiB and more. */
export const PROTOBUF_LIMIT = 0x7fff_ffff;

/**
 * Reads the structure of a model; weights stay in `source` (and side files beside it) until asked for. The model keeps its
 * sources open: `releaseModel` closes them. On an error they are closed here.
 *
 * @throws EngineError with an input code (`notOnnx`, `truncatedModel`, `externalDataMissing`, ...).
 */
export async function readModel(source: ByteSource, files?: Pick<FileSystem, 'openBeside'>): Promise<Model> {
  try {
    return await readStructure(source, files);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readStructure(source: ByteSource, files: Pick<FileSystem, 'openBeside'> | undefined): Promise<Model> {
  await refuseOtherFormats(source);
  const skeleton = await scanModel(source);
  const message = parse(skeleton.bytes, source);
  const sideFiles = await openSideFiles(message, source, files);
  try {
    const model = decodeModel(message, skeleton.payloads, (tensor, entries, bytes) => externalData(tensor, entries, bytes, sideFiles));
    return { ...model, sources: [source, ...sideFiles.values()] };
  } catch (error) {
    for (const file of sideFiles.values()) await file.close();
    throw error;
  }
}

/** Closes the files that lazy weights point into. The model's structure stays usable. */
export async function releaseModel(model: Model): Promise<void> {
  for (const source of model.sources) await source.close();
}

function parse(bytes: Uint8Array, source: ByteSource): ModelProto {
  const file = source.name;
  let message: ModelProto;
  try {
    message = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new EngineError('corruptModel', { file, what: errorMessage(error), offset: 0 }, { cause: error });
  }
  const irVersion = Number(message.irVersion);
  if (message.graph === undefined) throw new EngineError('notOnnx', { file, found: 'found.noGraph' });
  if (irVersion === 0) throw new EngineError('notOnnx', { file, found: 'found.noVersion' });
  if (irVersion < MIN_IR_VERSION || irVersion > MAX_IR_VERSION) {
    throw new EngineError('unsupportedIrVersion', { file, version: irVersion, supported: `${MIN_IR_VERSION}-${MAX_IR_VERSION}` });
  }
  if (message.opsetImport.length === 0) throw new EngineError('notOnnx', { file, found: 'found.noOpset' });
  return message;
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

const inline: PayloadPlacement = (_tensor, data) => ({ inline: withoutLocation(data) });

/** Bytes that were external become raw_data when they are written inline. */
export function withoutLocation(data: TensorData): TensorData {
  if ('bytes' in data.at || data.at.external === undefined) return data;
  return { encoding: 'raw', at: { source: data.at.source, offset: data.at.offset, length: data.at.length } };
}

/** The serialized model in memory, weights included. For small models; `writeModel` streams large ones. */
export async function encodeModel(model: Model): Promise<Uint8Array> {
  return inMemory(encodeWith(model, inline));
}

async function inMemory(expansion: Expansion): Promise<Uint8Array> {
  requireProtobuf(expansion);
  const bytes = new Uint8Array(expansion.length);
  let at = 0;
  await writePieces(expansion, {
    write(piece) {
      bytes.set(piece, at);
      at += piece.length;
      return Promise.resolve();
    },
  });
  return bytes;
}

/** Length in bytes of the serialized model with all weights inline, without reading any. */
export function encodedLength(model: Model): number {
  return encodeWith(model, inline).length;
}

/** Streams the model with all weights inline; `runtime/saveModel.ts` decides whether that is possible. */
export async function writeModel(model: Model, sink: ByteSink): Promise<void> {
  const expansion = encodeWith(model, inline);
  requireProtobuf(expansion);
  await writePieces(expansion, sink);
}

/**
 * The serialized model with every large tensor as external data where it already is: a graph of some KB over files on
 * disk (design, decision 1). `locate` names the file of a reference as onnxruntime should see it, or undefined to inline.
 */
export async function encodeOverFiles(model: Model, locate: (reference: ByteReference) => string | undefined): Promise<Uint8Array> {
  const expansion = encodeWith(model, (_tensor, data) => {
    const movable = data.encoding === 'raw' || data.encoding === 'float' || data.encoding === 'double';
    const location = movable && !('bytes' in data.at) ? locate(data.at) : undefined;
    if (location === undefined || 'bytes' in data.at) return { inline: withoutLocation(data) };
    return { external: new Map([['location', location], ['offset', String(data.at.offset)], ['length', String(data.at.length)]]) };
  });
  return inMemory(expansion);
}

/** @throws EngineError `modelTooLarge` for what no protobuf reader takes. */
export function requireProtobuf({ length }: Expansion): void {
  if (length > PROTOBUF_LIMIT) throw new EngineError('modelTooLarge', { bytes: length, limit: PROTOBUF_LIMIT });
}

export function encodeWith(model: Model, place: PayloadPlacement): Expansion {
  const { message, payloads } = encodeMessages(model, place);
  return expand(toBinary(ModelProtoSchema, message), payloads);
}
