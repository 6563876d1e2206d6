// The JSON file that describes data (interfaces.md, "Data"): its schema, its type, and reading it strictly. What the
// files it names hold is not looked at here.

import { type Static, Type } from '@sinclair/typebox';
import { EngineError, errorMessage } from '../error';
import { schemaProblem } from './schemaCheck';

const strict = { additionalProperties: false };
const words = <T extends string>(...values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));
const text = Type.String({ minLength: 1 });
const size = Type.Integer({ minimum: 1 });
const sizeOrPair = Type.Union([size, Type.Tuple([size, size])]);
const numbers = Type.Union([Type.Number(), Type.Array(Type.Number(), { minItems: 1 })]);
/** A column by name, or by index from 0. */
const column = Type.Union([text, Type.Integer({ minimum: 0 })]);

export const dataFormats = ['raw', 'idx', 'npz', 'npy', 'imageFolder', 'csv', 'tsv', 'jsonl', 'parquet', 'wavFolder'] as const;
export const metricNames = [
  'top1', 'top5', 'f1', 'mse', 'r2', 'psnr', 'miou', 'map50', 'wer', 'cosine', 'spearman', 'perplexity', 'agreement',
] as const;
export const rawTypes = ['u8', 'f32'] as const;
export const layouts = ['HWC', 'CHW'] as const;
export const interpolations = ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const;

const inputSchema = Type.Object({
  /** The model's input; needed when there are several. */
  name: Type.Optional(text),
  layout: Type.Optional(words(...layouts)),
  channels: Type.Optional(words('RGB', 'BGR', 'L')),
  resize: Type.Optional(Type.Object({
    /** One number: the shorter side, the ratio kept. Two: height and width. */
    size: sizeOrPair,
    interpolation: Type.Optional(words(...interpolations)),
    antialias: Type.Optional(Type.Boolean()),
  }, strict)),
  /** Centre crop, one number for a square, or height and width. For sound: samples kept from the start, zeros added. */
  crop: Type.Optional(sizeOrPair),
  scale: Type.Optional(Type.Number()),
  mean: Type.Optional(numbers),
  std: Type.Optional(Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1 })])),
}, strict);

const splitSchema = Type.Object({
  path: Type.Optional(text),
  inputs: Type.Optional(Type.Union([column, Type.Array(column, { minItems: 1 }), Type.Record(Type.String(), column)])),
  labels: Type.Optional(column),
  folder: Type.Optional(text),
  take: Type.Optional(Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 1 })], { description: 'allowed.range' })),
}, strict);

export const descriptionSchema = Type.Object({
  $schema: Type.Optional(Type.String()),
  version: Type.Literal(1),
  format: words(...dataFormats),
  path: Type.Optional(text),
  dtype: Type.Optional(words(...rawTypes)),
  header: Type.Optional(Type.Boolean()),
  splits: Type.Optional(Type.Record(Type.String(), splitSchema)),
  shape: Type.Optional(Type.Array(size, { minItems: 1 })),
  layout: Type.Optional(words(...layouts)),
  input: Type.Optional(inputSchema),
  inputs: Type.Optional(Type.Record(Type.String(), inputSchema)),
  tokenizer: Type.Optional(text),
  maxLength: Type.Optional(size),
  classes: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  metric: Type.Optional(Type.Union([
    words(...metricNames),
    Type.String({ pattern: '^\\.{1,2}/' }),
    Type.Object({ command: Type.Array(text, { minItems: 1 }) }, strict),
  ])),
  licence: Type.Optional(Type.String()),
  /** Words for people; nothing reads it. */
  description: Type.Optional(Type.String()),
}, strict);

export type DataDescription = Static<typeof descriptionSchema>;
export type DataFormat = (typeof dataFormats)[number];
export type MetricName = (typeof metricNames)[number];
export type SplitDescription = Static<typeof splitSchema>;
export type InputDescription = Static<typeof inputSchema>;
export type Layout = (typeof layouts)[number];
export type Interpolation = (typeof interpolations)[number];

/** Keys that only some formats understand; elsewhere they would be ignored silently, so they are refused. */
const onlyFor: Partial<Record<keyof DataDescription, readonly DataFormat[]>> = {
  dtype: ['raw'],
  header: ['csv', 'tsv'],
  tokenizer: ['csv', 'tsv', 'jsonl', 'parquet'],
};

/** Reads a description; throws `dataDescription` with the place in the file and what may stand there. */
export function parseDescription(json: string, file: string): DataDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new EngineError('dataDescription', { file, path: '(root)', problem: 'problem.notJson', reason: errorMessage(error), allowed: 'kind.object' });
  }
  const problem = schemaProblem(descriptionSchema, value);
  if (problem !== undefined) throw new EngineError('dataDescription', { file, path: problem.path || '(root)', ...problem.params });
  const description = value as DataDescription;
  refuseImpossible(description, file);
  return description;
}

function refuseImpossible(description: DataDescription, file: string): void {
  for (const [key, formats] of Object.entries(onlyFor)) {
    if (Object.hasOwn(description, key) && !formats.includes(description.format)) {
      throw new EngineError('dataDescription', {
        file, path: key, problem: 'problem.notForFormat', key: JSON.stringify(key), format: description.format, allowed: formats.join(', '),
      });
    }
  }
  if (typeof description.metric === 'string' && !description.metric.startsWith('.') && !isMetricName(description.metric)) {
    throw new EngineError('dataDescription', {
      file, path: 'metric', problem: 'problem.notAllowed', found: JSON.stringify(description.metric), allowed: `${metricNames.join(', ')}, ./script.mjs`,
    });
  }
  for (const [name, split] of Object.entries(description.splits ?? {})) {
    if (split.take !== undefined && split.take[0] >= split.take[1]) {
      throw new EngineError('dataDescription', {
        file, path: `splits.${name}.take`, problem: 'problem.outOfRange', found: JSON.stringify(split.take), allowed: 'allowed.range',
      });
    }
  }
}

export function isMetricName(name: string): name is MetricName {
  return (metricNames as readonly string[]).includes(name);
}
