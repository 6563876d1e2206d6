// Texts as the token inputs of a model: ids, attention mask and type ids, by the names that exported transformers use.

import { EngineError } from '../error';
import type { Encoding, NdArray, SessionValue, Tokenizer } from '../ports';
import { writerOf } from './preprocess/cast';
import type { WantedShape } from './preprocess/fit';

type Part = 'ids' | 'attentionMask' | 'typeIds';

const partsByName: Readonly<Record<string, Part>> = { input_ids: 'ids', attention_mask: 'attentionMask', token_type_ids: 'typeIds' };

/** The part of an encoding that an input takes; a model's only integer input takes the ids whatever its name. */
export function tokenPart(input: SessionValue, inputs: readonly SessionValue[]): Part | undefined {
  const part = partsByName[input.name];
  if (part !== undefined) return part;
  return inputs.length === 1 && (input.type === 'int64' || input.type === 'int32') ? 'ids' : undefined;
}

/**
 * Tokens of every sample: the model's fixed sequence length, or `maxLength` where it is open, so that a sample is the
 * same in every batch. Throws `dataDescription` where neither is there or `maxLength` is more than the model takes.
 */
export function sequenceLength(wanted: WantedShape | null, maxLength: number | undefined, file: string): { readonly padded: number; readonly cut: number } {
  const fixed = wanted?.at(-1) ?? undefined;
  if (fixed === undefined && maxLength === undefined) {
    throw new EngineError('dataDescription', { file, path: 'maxLength', problem: 'problem.missingKey', key: '"maxLength"', allowed: 'kind.integer' });
  }
  if (fixed !== undefined && maxLength !== undefined && maxLength > fixed) {
    throw new EngineError('dataDescription', { file, path: 'maxLength', problem: 'problem.tooLong', found: maxLength, size: fixed, allowed: `1 to ${fixed}` });
  }
  const padded = fixed ?? maxLength ?? 0;
  return { padded, cut: maxLength ?? padded };
}

/** Encodings as one batch [n, padded] of a part, padded at the end. */
export function tokenBatch(encodings: readonly Encoding[], part: Part, input: SessionValue, padded: number, tokenizer: Tokenizer): NdArray {
  const writer = writerOf(input.type, encodings.length * padded, input.name);
  const padding = part === 'ids' ? tokenizer.padId : 0;
  for (const [sample, encoding] of encodings.entries()) {
    for (let at = 0; at < padded; at += 1) writer.set(sample * padded + at, encoding[part][at] ?? padding);
  }
  return { type: input.type, dims: [encodings.length, padded], data: writer.data };
}
