// What the registry of passes tells the outside: enough to draw a form, complete a command line, write a schema.

import type { FindingCode } from './text/index';

/** A JSON Schema (draft 2020-12) object; options carry `title`, `default`, `enum`, `minimum`, ... */
export interface OptionSchema {
  readonly type?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly const?: unknown;
  readonly anyOf?: readonly OptionSchema[];
  readonly items?: OptionSchema;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly description?: string;
  /** Values of `enum` that this version refuses by name. */
  readonly notReady?: readonly (string | number | boolean)[];
  /** True for an option of a later version: given at all, it is refused by name. */
  readonly planned?: boolean;
  /** True for an option shown only under "More options". */
  readonly advanced?: boolean;
  /** Options that carry the same name here exclude each other, such as the targets of pruning; its words are `option.<name>`. */
  readonly alternative?: string;
  /** Values to show where nothing is entered (JSON Schema). */
  readonly examples?: readonly (string | number)[];
}

export interface PassDescription {
  /** e.g. `quantize.static`; its words are the texts `pass.<id>` and `pass.<id>.about`. */
  readonly id: string;
  readonly data: 'none' | 'optional' | 'required';
  /** Suffix of the output file: `resnet20.int8.onnx`. */
  readonly suffix: string;
  /** Findings of `inspect` with which the pass refuses a model, so that it need not be offered. */
  readonly refuses?: readonly FindingCode[];
  /** Options by name; their words are the texts `option.<name>` and `option.<name>.about` (dotted inside another). */
  readonly options: OptionSchema & { readonly properties: Readonly<Record<string, OptionSchema>> };
}
