// One damaged model through reading, inspecting and writing: what became of it. Only EngineError is a refusal; anything else
// that is thrown is a crash.

import { inspectModel } from '../../../src/engine/analysis/inspect';
import { EngineError } from '../../../src/engine/error';
import { encodeModel, readModel } from '../../../src/engine/ir/codec';
import type { ByteSource } from '../../../src/engine/ports';

export interface Outcome {
  readonly kind: 'accepted' | 'refused' | 'crashed';
  /** Error code of a refusal, stack of a crash. */
  readonly detail: string;
}

export async function tryModel(bytes: Uint8Array): Promise<Outcome> {
  const source: ByteSource = {
    name: 'fuzz.onnx',
    size: bytes.length,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) throw new RangeError(`read beyond the file: ${offset} + ${length} of ${bytes.length}`);
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
  try {
    const model = await readModel(source);
    // What cannot be inspected (a cycle) can still be written, and the other way round.
    const refusals: EngineError[] = [];
    for (const step of [() => inspectModel(model, { path: source.name, bytes: bytes.length }).then((report) => JSON.stringify(report)), () => encodeModel(model)]) {
      await step().catch((error: unknown) => {
        if (!(error instanceof EngineError)) throw error;
        refusals.push(error);
      });
    }
    return refusals[0] === undefined ? { kind: 'accepted', detail: '' } : refused(refusals[0]);
  } catch (error) {
    if (error instanceof EngineError) return refused(error);
    return { kind: 'crashed', detail: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function refused(error: EngineError): Outcome {
  // An internal error is a crash with manners.
  return { kind: error.code === 'internal' ? 'crashed' : 'refused', detail: error.code === 'internal' ? (error.stack ?? error.message) : error.code };
}
