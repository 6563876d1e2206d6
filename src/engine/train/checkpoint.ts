// A training between two steps, as bytes and back: state vectors and where it stands. What is a pure function of seed and
// step (order of samples, augmentation, schedule) is not stored.
//
// Layout: "DCTR", format version (u32), length of the header (u32), header (JSON, padded with spaces to a multiple of 4),
// then the vectors as little-endian float32 in the header's order.

import { EngineError } from '../error';
import { fnv1a } from '../fnv';
import type { FlatLayout } from './flat';
import { penaltyIdentity } from './penalty/penalty';
import type { TrainingState } from './stepper';
import type { EpochRecord, TrainingRequest } from './training';

/** Where a training stands; counts from 0. */
export interface TrainingPosition {
  /** Steps so far, those that were stepped back from included: the position in the schedule. */
  readonly step: number;
  /** Steps that changed the weights. */
  readonly taken: number;
  readonly epoch: number;
  /** Steps so far within the epoch. */
  readonly stepInEpoch: number;
  /** Halved at every step back. */
  readonly learningRateFactor: number;
  readonly stepsBackInARow: number;
  /** Loss of the first step; undefined before it. */
  readonly firstLoss?: number;
  /** Sum and number of the losses of this epoch. */
  readonly lossSum: number;
  readonly lossCount: number;
  /** Samples a run of the graph: another number rounds differently. */
  readonly microbatch: number;
  /** What it was before memory was short; absent where it never was. */
  readonly shrunkFrom?: number;
  /** Steps that were stepped back from, in all. */
  readonly stepsBack: number;
  /** Seconds of training up to here. */
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
  readonly best: { readonly epoch: number; readonly metric: number } | undefined;
}

export const START_POSITION: Omit<TrainingPosition, 'microbatch'> = {
  step: 0, taken: 0, epoch: 0, stepInEpoch: 0, learningRateFactor: 1, stepsBackInARow: 0, stepsBack: 0, seconds: 0, lossSum: 0, lossCount: 0, history: [], best: undefined,
};

export interface Checkpoint {
  /** Which weights lie where in the vectors (`layoutOf`). */
  readonly layout: string;
  readonly position: TrainingPosition;
  readonly state: TrainingState;
  /** Weights and statistics of the best epoch, in the same vectors; undefined before the first evaluation. */
  readonly bestState: TrainingState | undefined;
}

const MAGIC = 'DCTR';
const VERSION = 2;
const FIXED_BYTES = 12;

interface Header {
  readonly fingerprint: string;
  readonly layout: string;
  readonly position: TrainingPosition;
  readonly vectors: readonly { readonly name: string; readonly length: number; readonly isBest: boolean }[];
}

/** What of the request must be the same for a checkpoint to be continued. */
export function fingerprint({ options, losses, penalty, data, identity, initial, augment, teacher }: TrainingRequest): string {
  return JSON.stringify({
    options, losses, data: [data.name, data.size], identity, hasInitial: initial !== undefined, isAugmented: augment !== undefined, hasTeacher: teacher !== undefined,
    ...(penalty !== undefined && { penalty: penaltyIdentity(penalty) }),
  });
}

/** Names and shapes of all tensors in the order of the vectors, and the hash of masks: differs where other weights are frozen or stay zero, or statistics are not trained. */
export function layoutOf({ groups, statistics }: FlatLayout): string {
  const vectors = statistics === undefined ? groups : [...groups, statistics];
  return JSON.stringify(vectors.map(({ name, length, entries, mask }) => [
    name, length, entries.map((entry) => [entry.name, entry.dims]), ...(mask === undefined ? [] : [fnv1a(mask)]),
  ]));
}

/** Throws `trainingCheckpoint` where the vectors of the checkpoint hold other weights than those of `layout`. */
export function requireLayout(checkpoint: Checkpoint, layout: FlatLayout): void {
  if (checkpoint.layout !== layoutOf(layout)) throw unusable('reason.checkpointOther');
}

/** @param identity what must be the same when going on (`fingerprint`) */
export function encodeCheckpoint({ position, layout, state, bestState = {} }: Checkpoint, identity: string): Uint8Array {
  const stored = [...Object.entries(state).map(([name, values]) => ({ name, values, isBest: false })), ...Object.entries(bestState).map(([name, values]) => ({ name, values, isBest: true }))];
  const header: Header = { fingerprint: identity, layout, position, vectors: stored.map(({ name, values, isBest }) => ({ name, length: values.length, isBest })) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = FIXED_BYTES + Math.ceil(json.length / 4) * 4;
  const bytes = new Uint8Array(start + stored.reduce((sum, { values }) => sum + values.byteLength, 0)).fill(0x20, FIXED_BYTES, start);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, json.length, true);
  bytes.set(json, FIXED_BYTES);
  let offset = start;
  for (const { values } of stored) {
    new Float32Array(bytes.buffer, offset, values.length).set(values);
    offset += values.byteLength;
  }
  return bytes;
}

/** Throws `trainingCheckpoint` for other versions, damaged bytes, and another fingerprint. */
export function decodeCheckpoint(bytes: Uint8Array, identity: string): Checkpoint {
  const header = readHeader(bytes);
  if (header.fingerprint !== identity) throw unusable('reason.checkpointOther');
  // A copy where the vectors do not lie on multiples of 4 bytes, as float32 arrays want it.
  const aligned = bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  let offset = FIXED_BYTES + Math.ceil(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true) / 4) * 4;
  const state: Record<string, Float32Array> = {};
  const best: Record<string, Float32Array> = {};
  for (const { name, length, isBest } of header.vectors) {
    const end = offset + length * Float32Array.BYTES_PER_ELEMENT;
    if (end > aligned.length) throw unusable('reason.checkpointDamaged');
    (isBest ? best : state)[name] = new Float32Array(aligned.buffer, aligned.byteOffset + offset, length).slice();
    offset = end;
  }
  return { position: header.position, layout: header.layout, state, bestState: Object.keys(best).length > 0 ? best : undefined };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < FIXED_BYTES || new TextDecoder().decode(bytes.subarray(0, 4)) !== MAGIC) throw unusable('reason.checkpointDamaged');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(4, true) !== VERSION) throw unusable('reason.checkpointVersion');
  const length = view.getUint32(8, true);
  if (FIXED_BYTES + length > bytes.length) throw unusable('reason.checkpointDamaged');
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(FIXED_BYTES, FIXED_BYTES + length))) as Header;
  } catch (cause) {
    throw unusable('reason.checkpointDamaged', cause);
  }
}

function unusable(reason: string, cause?: unknown): EngineError {
  return new EngineError('trainingCheckpoint', { reason }, { cause });
}
