// A checkpoint in memory.

import type { PassCheckpoint } from '../../src/engine/passes/pass';

export interface StoredCheckpoint extends PassCheckpoint {
  /** What was saved last. */
  readonly bytes: () => Uint8Array | undefined;
}

export function storedCheckpoint(first?: Uint8Array): StoredCheckpoint {
  let stored = first;
  return {
    load: () => Promise.resolve(stored),
    save: (bytes) => {
      stored = bytes.slice();
      return Promise.resolve();
    },
    bytes: () => stored,
  };
}
