// Bytes in memory as a source that models are read from.

import type { ByteSource } from '../../../src/engine/ports';

export function memorySource(bytes: Uint8Array, name = 'memory.onnx'): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  };
}
