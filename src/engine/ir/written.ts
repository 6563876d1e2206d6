// What the file said of a record that can hold less than the protobuf message: fields left out or set twice over, numbers
// that this version has no name for. Remembered by the identity of the record: records of this kind are never changed in
// place, so whoever makes a new one has said something new, and the old wording is forgotten by itself.

import { clearField, type DescMessage, isFieldSet, type Message, toBinary } from '@bufbuild/protobuf';
import type { UnknownFields } from './model';
import { pushVarint, WireType } from './wire';

const messages = new WeakMap<object, Message>();

export function remember(record: object, message: Message): void {
  messages.set(record, message);
}

export function writtenAs<Shape extends Message>(record: object): Shape | undefined {
  return messages.get(record) as Shape | undefined;
}

/** Makes the plain values of `message` those of `written`: absent where they were absent, present where they were. */
export function restore(schema: DescMessage, message: Message, written: Message): void {
  const to = message as unknown as Record<string, unknown>;
  const from = written as unknown as Record<string, unknown>;
  for (const field of schema.fields) {
    const plain = field.fieldKind === 'scalar' || field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind !== 'message');
    if (!plain) continue;
    if (!isFieldSet(written, field)) clearField(message, field);
    else if (!isFieldSet(message, field) || field.fieldKind === 'enum') to[field.localName] = from[field.localName];
  }
}

/** Sub-messages that a record has no place for, kept as unknown fields of the message around them. */
export class Surplus {
  private readonly kept: { no: number; wireType: number; data: Uint8Array }[] = [];

  keep(field: number, schema: DescMessage, message: Message): void {
    const bytes = toBinary(schema, message);
    const head: number[] = [];
    pushVarint(head, bytes.length);
    const data = new Uint8Array(head.length + bytes.length);
    data.set(head);
    data.set(bytes, head.length);
    this.kept.push({ no: field, wireType: WireType.LengthDelimited, data });
  }

  get fields(): UnknownFields {
    return this.kept;
  }
}

