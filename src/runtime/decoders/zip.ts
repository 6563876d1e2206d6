// Reads zip archives entry by entry from a byte source, never the whole file: the central directory once, then each
// entry where it lies. Written here because no library gives ranges of stored entries, which npz needs; the format is
// PKWARE's APPNOTE 6.3.10 (section numbers below), ZIP64 included, encryption and other methods refused.

import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { EngineError, errorMessage } from '../../engine/error';
import type { Archive, ArchiveEntry, ByteSource } from '../../engine/ports';
import { memorySource } from '../../engine/data/storage';

const inflate = promisify(inflateRaw);

/** Signatures and fixed sizes: 4.3.7 local header, 4.3.12 central header, 4.3.14-16 ends of the central directory. */
const LOCAL = { signature: 0x04034b50, size: 30 };
const CENTRAL = { signature: 0x02014b50, size: 46 };
const END = { signature: 0x06054b50, size: 22 };
const END64 = { signature: 0x06064b50, size: 56 };
const LOCATOR64 = { signature: 0x07064b50, size: 20 };
const ZIP64_EXTRA = 0x0001;
const STORED = 0;
const DEFLATED = 8;
/** A comment may follow the end record (4.4.12). */
const LONGEST_COMMENT = 0xffff;
const IN_ZIP64 = 0xffffffff;
/** Deflate cannot shrink more than about 1032 times; an entry that claims to has a false size. */
const MOST_DEFLATED = 1040;

interface Entry extends ArchiveEntry {
  readonly method: number;
  readonly packed: number;
  readonly header: number;
}

/** Throws `dataUnreadable`; `close` closes the source. */
export async function openZip(source: ByteSource): Promise<Archive> {
  const unreadable = (reason: string): EngineError => new EngineError('dataUnreadable', { file: source.name, format: 'zip', reason });
  const entries = await readDirectory(source, unreadable);
  const known = new Map(entries.map((entry) => [entry.path, entry]));
  const found = ({ path }: ArchiveEntry): Entry => {
    const entry = known.get(path);
    if (entry === undefined) throw unreadable(`there is no entry ${path}`);
    return entry;
  };

  const payloadOffset = async (entry: Entry): Promise<number> => {
    const header = view(await range(source, entry.header, LOCAL.size, unreadable));
    if (header.getUint32(0, true) !== LOCAL.signature) throw unreadable(`entry ${entry.path} does not begin where the directory says`);
    return entry.header + LOCAL.size + header.getUint16(26, true) + header.getUint16(28, true);
  };

  const read = async (wanted: ArchiveEntry): Promise<Uint8Array> => {
    const entry = found(wanted);
    const packed = await range(source, await payloadOffset(entry), entry.packed, unreadable);
    if (entry.method === STORED) return packed;
    let bytes: Uint8Array;
    try {
      bytes = await inflate(packed, { maxOutputLength: Math.max(1, entry.size) });
    } catch (error) {
      throw unreadable(`entry ${entry.path}: ${errorMessage(error)}`);
    }
    if (bytes.length !== entry.size) throw unreadable(`entry ${entry.path} has ${bytes.length} bytes instead of ${entry.size}`);
    return bytes;
  };

  return {
    entries,
    read,
    async open(wanted) {
      const entry = found(wanted);
      const name = `${source.name}/${entry.path}`;
      if (entry.method !== STORED) return memorySource(name, await read(entry));
      const offset = await payloadOffset(entry);
      return {
        name,
        size: entry.size,
        read(from, length) {
          if (from < 0 || length < 0 || from + length > entry.size) return Promise.reject(unreadable(`entry ${entry.path} ends at byte ${entry.size}`));
          return range(source, offset + from, length, unreadable);
        },
        close: () => Promise.resolve(),
      };
    },
    close: () => source.close(),
  };
}

type Unreadable = (reason: string) => EngineError;

async function readDirectory(source: ByteSource, unreadable: Unreadable): Promise<readonly Entry[]> {
  const { count, size, offset } = await findDirectory(source, unreadable);
  const bytes = await range(source, offset, size, unreadable);
  const directory = view(bytes);
  const entries: Entry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + CENTRAL.size > size || directory.getUint32(at, true) !== CENTRAL.signature) throw unreadable('its directory is damaged');
    const nameLength = directory.getUint16(at + 28, true);
    const extraLength = directory.getUint16(at + 30, true);
    const end = at + CENTRAL.size + nameLength + extraLength + directory.getUint16(at + 32, true);
    if (end > size) throw unreadable('its directory is cut off');
    const name = bytes.subarray(at + CENTRAL.size, at + CENTRAL.size + nameLength);
    entries.push(entryOf(directory, at, name, extraLength, unreadable));
    at = end;
  }
  return entries;
}

function entryOf(directory: DataView, at: number, name: Uint8Array, extraLength: number, unreadable: Unreadable): Entry {
  const path = new TextDecoder().decode(name);
  const method = directory.getUint16(at + 10, true);
  let packed = directory.getUint32(at + 20, true);
  let size = directory.getUint32(at + 24, true);
  let header = directory.getUint32(at + 42, true);
  // 4.5.3: the 64-bit fields stand in this order, only those whose 32-bit field is full.
  const fields = zip64Fields(directory, at + CENTRAL.size + name.length, extraLength);
  if (size === IN_ZIP64) size = fields.next().value ?? size;
  if (packed === IN_ZIP64) packed = fields.next().value ?? packed;
  if (header === IN_ZIP64) header = fields.next().value ?? header;
  if ((directory.getUint16(at + 8, true) & 1) !== 0) throw unreadable(`entry ${path} is encrypted`);
  if (method !== STORED && method !== DEFLATED) throw unreadable(`entry ${path} uses compression method ${method}; only stored and deflated are read`);
  if (method === STORED && packed !== size) throw unreadable(`entry ${path} is stored with two different sizes`);
  if (method === DEFLATED && size > packed * MOST_DEFLATED + MOST_DEFLATED) throw unreadable(`entry ${path} claims ${size} bytes from ${packed}`);
  return { path, method, packed, size, header, compressed: method !== STORED };
}

function* zip64Fields(directory: DataView, at: number, length: number): Generator<number, undefined> {
  for (const end = at + length; at + 4 <= end; ) {
    const fieldSize = directory.getUint16(at + 2, true);
    if (directory.getUint16(at, true) === ZIP64_EXTRA) {
      for (let field = at + 4; field + 8 <= Math.min(end, at + 4 + fieldSize); field += 8) yield Number(directory.getBigUint64(field, true));
    }
    at += 4 + fieldSize;
  }
  return undefined;
}

async function findDirectory(source: ByteSource, unreadable: Unreadable): Promise<{ count: number; size: number; offset: number }> {
  const length = Math.min(source.size, END.size + LONGEST_COMMENT);
  const tailOffset = source.size - length;
  const tail = view(await range(source, tailOffset, length, unreadable));
  let at = length - END.size;
  while (at >= 0 && tail.getUint32(at, true) !== END.signature) at -= 1;
  if (at < 0) throw unreadable('it has no zip directory; it is cut off or no zip archive');
  const locator = tailOffset + at - LOCATOR64.size;
  if (locator >= 0) {
    const record = view(await range(source, locator, LOCATOR64.size, unreadable));
    if (record.getUint32(0, true) === LOCATOR64.signature) return directory64(source, Number(record.getBigUint64(8, true)), unreadable);
  }
  return { count: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), offset: tail.getUint32(at + 16, true) };
}

async function directory64(source: ByteSource, offset: number, unreadable: Unreadable): Promise<{ count: number; size: number; offset: number }> {
  const record = view(await range(source, offset, END64.size, unreadable));
  if (record.getUint32(0, true) !== END64.signature) throw unreadable('its ZIP64 directory is damaged');
  return { count: Number(record.getBigUint64(32, true)), size: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)) };
}

/** Bytes of the source; lengths are checked against the file before anything is allocated. */
function range(source: ByteSource, offset: number, length: number, unreadable: Unreadable): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > source.size) return Promise.reject(unreadable(`it ends at byte ${source.size}, but ${length} bytes are wanted from ${offset}`));
  return source.read(offset, length);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
