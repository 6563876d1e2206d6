// Bytes in memory as a source, which refuses what is not there as a file does.

import type { ByteSource } from '../../src/engine/ports';

export function memorySource(bytes: Uint8Array, name = 'memory.onnx'): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) return Promise.reject(new RangeError(`${offset} + ${length} of ${bytes.length}`));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}
