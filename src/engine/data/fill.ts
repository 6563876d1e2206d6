// Which column fills which input of the model, and how a batch of it is made.

import { EngineError } from '../error';
import type { NdArray, SessionValue, Tokenizer } from '../ports';
import type { Column, SplitColumns, Stored } from './columns/column';
import type { DataDescription, InputDescription } from './description';
import { type InputPlan, batchOf, sampleShape } from './preprocess/input';
import { quoted } from './schemaCheck';
import { sequenceLength, tokenBatch, tokenPart } from './text';

export interface Wanted {
  /** Inputs of the model that samples must fill (initializers left out). */
  readonly inputs: readonly SessionValue[];
  /** Sizes of symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
}

/** Makes one input's batch from the samples of a column. */
export interface Filler {
  readonly input: string;
  readonly column: Column;
  batch(samples: readonly Stored[]): NdArray;
}

export interface FillContext {
  readonly description: DataDescription;
  readonly file: string;
  readonly tokenizer: Tokenizer | undefined;
}

/** One filler an input; throws `dataInputMissing` or `dataDescription`. `place` is the split's, for messages. */
export function fillersOf(columns: SplitColumns, wanted: Wanted, context: FillContext, place: string): readonly Filler[] {
  const names = wanted.inputs.map(({ name }) => name);
  const refuse = (path: string, name: string): void => {
    if (names.includes(name)) return;
    throw new EngineError('dataDescription', { file: context.file, path, problem: 'problem.noSuchName', found: quoted(name), allowed: names.map(quoted).join(', ') });
  };
  const { input, inputs } = context.description;
  if (input?.name !== undefined) refuse('input.name', input.name);
  for (const name of Object.keys(inputs ?? {})) refuse(`inputs.${name}`, name);
  for (const name of columns.inputs.keys()) if (name !== '') refuse(`${place === '' ? '' : `${place}.`}inputs.${name}`, name);

  const open = names.filter((name) => !columns.inputs.has(name));
  const main = input?.name ?? (open.length === 1 ? open[0] : undefined);
  return wanted.inputs.map((value) => {
    const text = columns.inputs.get('');
    if (context.tokenizer !== undefined && text !== undefined && tokenPart(value, wanted.inputs) !== undefined) {
      return tokenFiller(value, text, wanted, context, context.tokenizer);
    }
    const column = columns.inputs.get(value.name) ?? (value.name === main ? columns.inputs.get('') : undefined);
    if (column === undefined) throw new EngineError('dataInputMissing', { input: value.name, file: context.file });
    return value.type === 'string' ? textFiller(value, column, context) : arrayFiller(value, column, wanted, context);
  });
}

function arrayFiller(value: SessionValue, column: Column, wanted: Wanted, context: FillContext): Filler {
  const plan: InputPlan = { value, wanted: sampleShape(value, wanted.dims), ...describedInput(value.name, context.description), file: context.file };
  return {
    input: value.name,
    column,
    batch: (samples) => batchOf(samples.map((sample) => arrayOf(sample, value.name, context)), column.layout, plan),
  };
}

function describedInput(name: string, { input, inputs }: DataDescription): { readonly description: InputDescription; readonly place: string } {
  const own = inputs?.[name];
  if (own !== undefined) return { description: own, place: `inputs.${name}` };
  return { description: input !== undefined && (input.name === undefined || input.name === name) ? input : {}, place: 'input' };
}

function arrayOf(sample: Stored, input: string, context: FillContext): NdArray {
  if (typeof sample !== 'string') return sample;
  // A text where numbers are wanted lacks its tokenizer.
  throw new EngineError('dataDescription', {
    file: context.file, path: 'tokenizer', problem: 'problem.missingKey', key: '"tokenizer"', allowed: 'tokenizer.json', input,
  });
}

function textFiller(value: SessionValue, column: Column, context: FillContext): Filler {
  return {
    input: value.name,
    column,
    batch(samples) {
      const texts = samples.map((sample) => {
        if (typeof sample === 'string') return sample;
        throw new EngineError('dataInputMissing', { input: value.name, file: context.file });
      });
      return { type: 'string', dims: [texts.length, ...(value.shape ?? []).slice(1).map(() => 1)], data: texts };
    },
  };
}

function tokenFiller(value: SessionValue, column: Column, wanted: Wanted, context: FillContext, tokenizer: Tokenizer): Filler {
  const part = tokenPart(value, wanted.inputs) ?? 'ids';
  const { padded, cut } = sequenceLength(sampleShape(value, wanted.dims), context.description.maxLength, context.file);
  return {
    input: value.name,
    column,
    batch(samples) {
      const encodings = samples.map((sample) => tokenizer.encode(typeof sample === 'string' ? sample : '', cut));
      return tokenBatch(encodings, part, value, padded, tokenizer);
    },
  };
}
