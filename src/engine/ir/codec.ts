// Serialized ONNX to `Model` and back. Reading takes the structure and leaves weights where they are; writing streams.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { EngineError, errorMessage } from '../error';
import type { ByteSink, ByteSource, FileSystem } from '../ports';
import { decodeModel } from './decode';
import { encodeMessages, type PayloadPlacement } from './encode';
import { expand, payloadLength, writePayload, writePieces } from './expand';
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

// ── external data ────────────────────────────────────────────────────────────────────────────────────────────────

/** `external_data` of every tensor of a message tree, in any depth. */
function externalTensors(message: ModelProto): { readonly name: string; readonly location: string }[] {
  const found: { name: string; location: string }[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'object' && item !== null) visit(item);
      return;
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    const record = value as { readonly $typeName?: string; readonly name?: string; readonly dataLocation?: number; readonly externalData?: { key: string; value: string }[] };
    if (record.$typeName === 'onnx.TensorProto') {
      if (record.dataLocation === 1) {
        found.push({ name: record.name ?? '', location: record.externalData?.find((entry) => entry.key === 'location')?.value ?? '' });
      }
      return;
    }
    for (const item of Object.values(value)) visit(item);
  };
  visit(message.graph);
  visit(message.functions);
  visit(message.trainingInfo);
  return found;
}

async function openSideFiles(message: ModelProto, source: ByteSource, files: Pick<FileSystem, 'openBeside'> | undefined): Promise<Map<string, ByteSource>> {
  const open = new Map<string, ByteSource>();
  try {
    for (const { name, location } of externalTensors(message)) {
      if (open.has(location)) continue;
      if (files === undefined) throw new EngineError('externalDataMissing', { tensor: name, file: location });
      open.set(location, await files.openBeside(source.name, location, name));
    }
  } catch (error) {
    for (const file of open.values()) await file.close();
    throw error;
  }
  return open;
}

function externalData(tensor: string, entries: ReadonlyMap<string, string>, bytes: number, sideFiles: ReadonlyMap<string, ByteSource>): TensorData {
  const location = entries.get('location') ?? '';
  const source = sideFiles.get(location);
  if (source === undefined) throw new EngineError('externalDataMissing', { tensor, file: location });
  const offset = wholeNumber(entries.get('offset') ?? '0');
  const length = wholeNumber(entries.get('length') ?? String(bytes));
  if (offset === undefined || length === undefined || offset + length > source.size) {
    throw new EngineError('externalDataShort', { tensor, file: source.name, offset: entries.get('offset') ?? 0, end: (offset ?? 0) + (length ?? 0), size: source.size });
  }
  const checksum = entries.get('checksum');
  return { encoding: 'raw', at: { source, offset, length, external: { location, ...(checksum !== undefined && { checksum }) } } };
}

function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

const inline: PayloadPlacement = (_tensor, data) => ({ inline: withoutLocation(data) });

/** Bytes that were external become raw_data when they are written inline. */
function withoutLocation(data: TensorData): TensorData {
  if ('bytes' in data.at || data.at.external === undefined) return data;
  return { encoding: 'raw', at: { source: data.at.source, offset: data.at.offset, length: data.at.length } };
}

/** The serialized model in memory, weights included. For small models; `writeModel` streams large ones. */
export async function encodeModel(model: Model): Promise<Uint8Array> {
  const expansion = encodeWith(model, inline);
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

/** Streams the model with all weights inline; refuses what protobuf cannot hold (use `writeModelWithSideFile`). */
export async function writeModel(model: Model, sink: ByteSink): Promise<void> {
  const expansion = encodeWith(model, inline);
  if (expansion.length > PROTOBUF_LIMIT) {
    throw new EngineError('internal', { activity: 'progress.saving', reason: `the model has ${expansion.length} bytes; beyond 2 GiB it needs a side file` });
  }
  await writePieces(expansion, sink);
}

/** Tensors below this many bytes stay in the model file (the threshold of ONNX's own external_data_helper). */
const SIDE_FILE_THRESHOLD = 1024;
/** Offsets in a side file are multiples of a page, so that it can be memory-mapped (ONNX, external data). */
const SIDE_FILE_ALIGNMENT = 4096;

export interface SideFilePlan {
  /** Streams the side file; call it before `writeGraph`. */
  writeData(sink: ByteSink): Promise<void>;
  writeGraph(sink: ByteSink): Promise<void>;
  readonly dataBytes: number;
}

/** Plans a model whose large weights go to a file named `location` beside it. */
export function planSideFile(model: Model, location: string): SideFilePlan {
  const placed: { readonly data: TensorData; readonly offset: number }[] = [];
  let end = 0;
  const expansion = encodeWith(model, (_tensor, data) => {
    // Only raw_data may be external (onnx.proto, TensorProto.external_data); packed varints stay.
    const movable = data.encoding === 'raw' || data.encoding === 'float' || data.encoding === 'double';
    const length = payloadLength(data);
    if (!movable || length < SIDE_FILE_THRESHOLD) return { inline: withoutLocation(data) };
    const offset = Math.ceil(end / SIDE_FILE_ALIGNMENT) * SIDE_FILE_ALIGNMENT;
    placed.push({ data, offset });
    end = offset + length;
    return { external: new Map([['location', location], ['offset', String(offset)], ['length', String(length)]]) };
  });
  return {
    dataBytes: end,
    async writeData(sink) {
      let at = 0;
      for (const { data, offset } of placed) {
        await sink.write(new Uint8Array(offset - at));
        await writePayload(data, sink);
        at = offset + payloadLength(data);
      }
    },
    writeGraph: (sink) => writePieces(expansion, sink),
  };
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
  const parts: Uint8Array[] = [];
  await writePieces(expansion, { write: (bytes) => Promise.resolve(void parts.push(bytes)) });
  const bytes = new Uint8Array(expansion.length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeWith(model: Model, place: PayloadPlacement): ReturnType<typeof expand> {
  const { message, payloads } = encodeMessages(model, place);
  return expand(toBinary(ModelProtoSchema, message), payloads);
}
