// The weights that are pruned so far, as bytes and back, so that a killed job goes on with the next stage.
// Layout: length of the header (u32), header (JSON), then the values of the tensors in the header's order.

import type { Tensor } from '../../../ir/model';
import { rawBytes } from './shrink';

interface Header {
  /** What the weights belong to: settings, model, data. */
  readonly key: string;
  readonly stages: number;
  readonly skipped: number;
  readonly weights: readonly { readonly name: string; readonly zeros: number; readonly bytes: number }[];
}

export interface DoneWeight {
  readonly tensor: Tensor;
  readonly zeros: number;
}

export interface PruningState {
  /** Stages that are done. */
  stages: number;
  /** Samples left out so far because of NaN or infinite values. */
  skipped: number;
  readonly weights: Map<string, DoneWeight>;
}

const LENGTH_BYTES = 4;

export async function encodeState({ stages, skipped, weights }: PruningState, key: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const listed: { name: string; zeros: number; bytes: number }[] = [];
  for (const [name, { tensor, zeros }] of weights) {
    const bytes = await rawBytes(tensor);
    parts.push(bytes);
    listed.push({ name, zeros, bytes: bytes.length });
  }
  const header = new TextEncoder().encode(JSON.stringify({ key, stages, skipped, weights: listed } satisfies Header));
  const all = new Uint8Array(LENGTH_BYTES + header.length + parts.reduce((sum, { length }) => sum + length, 0));
  new DataView(all.buffer).setUint32(0, header.length, true);
  all.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const bytes of parts) {
    all.set(bytes, offset);
    offset += bytes.length;
  }
  return all;
}

/** The saved state, or undefined when the bytes belong to other settings. `stored` gives the tensor before pruning. */
export function decodeState(bytes: Uint8Array, key: string, stored: (name: string) => Tensor | undefined): PruningState | undefined {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Header;
  if (header.key !== key) return undefined;
  const weights = new Map<string, DoneWeight>();
  let offset = LENGTH_BYTES + length;
  for (const { name, zeros, bytes: size } of header.weights) {
    const tensor = stored(name);
    if (tensor === undefined) return undefined;
    weights.set(name, { tensor: { ...tensor, data: { encoding: 'raw', at: { bytes: bytes.slice(offset, offset + size) } } }, zeros });
    offset += size;
  }
  return { stages: header.stages, skipped: header.skipped, weights };
}
