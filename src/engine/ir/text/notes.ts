// What ONNX's syntax has no place for, kept in comments that our parser reads: `#@ {...}`, JSON on the line before an
// element. Other parsers pass over them. Names of fields are those of onnx.proto.

import type { TensorData, UnknownFields } from '../model';
import { base64, fromBase64 } from './utf8';

export const NOTE = '#@';

/** Lists of pairs keep the order that an object with keys such as "10" would lose. */
export type Pairs = readonly (readonly [string, string])[];

export interface Note {
  readonly doc_string?: string;
  readonly metadata_props?: Pairs;
  /** Fields that are set although their value is the default. */
  readonly explicit?: readonly string[];
  /** Number, wire type, base64. */
  readonly unknown?: readonly (readonly [number, number, string])[];

  // tensors
  /** Name of a tensor in an attribute, where it would need quotes. */
  readonly name?: string;
  /** Payload field, where it is not raw_data; `none` for no payload at all. */
  readonly storage?: TensorData['encoding'] | 'none';
  /** Base64 of the payload where literals do not say it exactly (NaN payloads, unusual varints, a wrong number of values); also of a string attribute that is not UTF-8. */
  readonly bytes?: string;
  /** Base64 of strings that are not UTF-8, all of the list. */
  readonly strings?: readonly string[];
  readonly segment?: readonly [string, string];
  /** Parts of a sparse tensor. */
  readonly values?: Note;
  readonly indices?: Note;

  // values
  readonly denotation?: string;
  readonly dim_denotations?: readonly string[];
  /** Base64 of a TypeProto that cannot be written. */
  readonly type?: string;

  // nodes and attributes
  readonly device_configurations?: readonly string[];
  readonly attributes?: readonly (readonly [string, Note])[];
  /** The tensor, graph or type of an attribute; of a list, by position. */
  readonly item?: Note;
  readonly items?: readonly (readonly [number, Note])[];

  // graphs
  readonly inputs?: readonly (readonly [number, Note])[];
  readonly outputs?: readonly (readonly [number, Note])[];
  readonly quantization_annotation?: readonly (readonly [string, Pairs])[];

  // the model
  readonly writes_default_domain?: boolean;
  readonly configuration?: readonly string[];
  /** How many TrainingInfoProto there are; they are not written. */
  readonly training_info?: number;
}

/** What most records of model.ts carry beside their own fields. */
export interface Carried {
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: UnknownFields;
  readonly explicit?: readonly string[];
}

export function carriedNote(record: Carried): Note {
  return {
    ...(record.docString !== undefined && record.docString !== '' && { doc_string: record.docString }),
    ...(record.metadata !== undefined && record.metadata.size > 0 && { metadata_props: [...record.metadata] }),
    ...(record.explicit !== undefined && record.explicit.length > 0 && { explicit: record.explicit }),
    ...(record.unknown !== undefined && record.unknown.length > 0 && { unknown: record.unknown.map(({ no, wireType, data }) => [no, wireType, base64(data)] as const) }),
  };
}

/** Unknown and explicit fields, in the shape of the records. */
export function carriedFields(note: Note): { unknown?: UnknownFields; explicit?: readonly string[] } {
  return {
    ...(note.unknown && { unknown: note.unknown.map(([no, wireType, data]) => ({ no, wireType, data: fromBase64(data) ?? new Uint8Array(0) })) }),
    ...(note.explicit && { explicit: note.explicit }),
  };
}

/** Doc string and metadata of records where both may be absent. */
export function documented(note: Note): { docString?: string; metadata?: ReadonlyMap<string, string> } {
  return {
    ...(note.doc_string !== undefined && { docString: note.doc_string }),
    ...(note.metadata_props && { metadata: new Map(note.metadata_props) }),
  };
}

export function isEmpty(note: Note): boolean {
  return Object.keys(note).length === 0;
}

/** Notes of list items by position, without those that say nothing. */
export function itemNotes(notes: readonly Note[]): readonly (readonly [number, Note])[] {
  return notes.map((note, index) => [index, note] as const).filter(([, note]) => !isEmpty(note));
}
