// The weights that are pruned so far, as bytes and back, so that a killed job goes on with the next stage.

import type { Tensor } from '../../../ir/model';
import { framed, unframed } from '../../framedBytes';
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

export async function encodeState({ stages, skipped, weights }: PruningState, key: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const listed: { name: string; zeros: number; bytes: number }[] = [];
  for (const [name, { tensor, zeros }] of weights) {
    const bytes = await rawBytes(tensor);
    parts.push(bytes);
    listed.push({ name, zeros, bytes: bytes.length });
  }
  return framed({ key, stages, skipped, weights: listed } satisfies Header, parts);
}

/** The saved state, or undefined when the bytes belong to other settings. `stored` gives the tensor before pruning. */
export function decodeState(bytes: Uint8Array, key: string, stored: (name: string) => Tensor | undefined): PruningState | undefined {
  const { header, next } = unframed<Header>(bytes);
  if (header.key !== key) return undefined;
  const weights = new Map<string, DoneWeight>();
  for (const { name, zeros, bytes: size } of header.weights) {
    const tensor = stored(name);
    if (tensor === undefined) return undefined;
    weights.set(name, { tensor: { ...tensor, data: { encoding: 'raw', at: { bytes: next(size) } } }, zeros });
  }
  return { stages: header.stages, skipped: header.skipped, weights };
}
