// What a file that is no ONNX model is instead: a refusal that says what was found saves a search.

import { EngineError } from '../error';
import type { ByteSource } from '../ports';

const utf8 = new TextDecoder();
/** Enough for every signature below and the first words of a text. */
const PEEK_BYTES = 512;

const LFS_SIGNATURE = 'version https://git-lfs';

/** Signatures of other formats: bytes at an offset. */
const signatures: readonly { readonly found: string; readonly at: number; readonly bytes: readonly number[] | string }[] = [
  { found: 'found.zip', at: 0, bytes: 'PK\x03\x04' },
  { found: 'found.gzip', at: 0, bytes: [0x1f, 0x8b] },
  { found: 'found.hdf5', at: 0, bytes: [0x89, 0x48, 0x44, 0x46] },
  { found: 'found.ort', at: 4, bytes: 'ORTM' },
  { found: 'found.tflite', at: 4, bytes: 'TFL3' },
  { found: 'found.pickle', at: 0, bytes: [0x80, 0x02, 0x8a, 0x0a] },
  { found: 'found.image', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47] },
  { found: 'found.image', at: 0, bytes: [0xff, 0xd8, 0xff] },
];

/** Throws when the first bytes say that this is certainly no ONNX model. */
export async function refuseOtherFormats(source: ByteSource): Promise<void> {
  const file = source.name;
  if (source.size === 0) throw new EngineError('emptyFile', { file });
  const head = await source.read(0, Math.min(PEEK_BYTES, source.size));
  const text = utf8.decode(head);
  if (text.startsWith(LFS_SIGNATURE)) throw new EngineError('gitLfsPointer', { file });
  const signature = signatures.find(({ at, bytes }) => startsWith(head, at, bytes));
  if (signature !== undefined) throw new EngineError('notOnnx', { file, found: signature.found });
  const start = text.trimStart().toLowerCase();
  if (start.startsWith('<!doctype') || start.startsWith('<html')) throw new EngineError('notOnnx', { file, found: 'found.html' });
  // A ModelProto begins with a tag byte below 0x20 almost always followed by more control bytes; prose and JSON have none.
  if (isText(head)) throw new EngineError('notOnnx', { file, found: start.startsWith('{') || start.startsWith('[') ? 'found.json' : 'found.text' });
}

function startsWith(head: Uint8Array, at: number, bytes: readonly number[] | string): boolean {
  const wanted = typeof bytes === 'string' ? [...bytes].map((character) => character.charCodeAt(0)) : bytes;
  return wanted.every((byte, index) => head[at + index] === byte);
}

function isText(head: Uint8Array): boolean {
  // Tab, line feed, carriage return; everything else below a space, and DEL, is a control character.
  return head.every((byte) => byte >= 0x20 ? byte !== 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d);
}
