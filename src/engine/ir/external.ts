// External data of tensors (onnx.proto, TensorProto.external_data): opening the side files that a model names, and turning
// the entries of a tensor into a reference. Paths are judged by the file system (runtime/files.ts), offsets here.

import type { ModelProto } from 'onnx-buf';
import { EngineError } from '../error';
import type { ByteSource, FileSystem } from '../ports';
import type { TensorData } from './model';

interface ExternalTensor {
  readonly name: string;
  readonly location: string;
}

/** Tensors with external data anywhere in a message tree. */
function externalTensors(message: ModelProto): ExternalTensor[] {
  const found: ExternalTensor[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    if (Array.isArray(value)) {
      // Lists hold messages only or none: numbers are not looked at one by one.
      if (typeof value[0] === 'object') for (const item of value) visit(item);
      return;
    }
    const record = value as { readonly $typeName?: string; readonly name?: string; readonly dataLocation?: number; readonly externalData?: { key: string; value: string }[] };
    if (record.$typeName !== 'onnx.TensorProto') {
      for (const item of Object.values(value)) visit(item);
    } else if (record.dataLocation === 1) {
      found.push({ name: record.name ?? '', location: record.externalData?.find((entry) => entry.key === 'location')?.value ?? '' });
    }
  };
  visit(message.graph);
  visit(message.functions);
  visit(message.trainingInfo);
  return found;
}

/** By location as written. On an error none stays open. */
export async function openSideFiles(message: ModelProto, source: ByteSource, files: Pick<FileSystem, 'openBeside'> | undefined): Promise<Map<string, ByteSource>> {
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

/** `bytes`: what type and shape need, for a tensor that states no length. */
export function externalData(tensor: string, entries: ReadonlyMap<string, string>, bytes: number, sideFiles: ReadonlyMap<string, ByteSource>): TensorData {
  const location = entries.get('location') ?? '';
  const source = sideFiles.get(location);
  if (source === undefined) throw new EngineError('externalDataMissing', { tensor, file: location });
  const offset = wholeNumber(entries.get('offset') ?? '0');
  const length = wholeNumber(entries.get('length') ?? String(bytes));
  if (offset === undefined || length === undefined || offset + length > source.size) {
    const from = entries.get('offset') ?? '0';
    throw new EngineError('externalDataShort', {
      tensor, file: source.name, offset: from, end: offset === undefined || length === undefined ? `${from} + ${entries.get('length') ?? bytes}` : offset + length, size: source.size,
    });
  }
  const checksum = entries.get('checksum');
  return { encoding: 'raw', at: { source, offset, length, external: { location, ...(checksum !== undefined && { checksum }) } } };
}

/** A decimal number as the entries hold it; not what else JavaScript takes for one (hexadecimal, '', ' 1'). */
function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
