// Unpacks .gz files.

import { gunzipSync } from 'node:zlib';
import { EngineError, errorMessage } from '../../engine/error';

/** What may come out of a .gz file; a small file that claims more is a bomb, not data. */
const LARGEST = 2 ** 31;

export function gunzip(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: LARGEST });
  } catch (error) {
    throw new EngineError('dataUnreadable', { file: name, format: 'gzip', reason: errorMessage(error) }, { cause: error });
  }
}
