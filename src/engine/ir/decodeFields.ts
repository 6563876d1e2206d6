// What every kind of message brings along when it is decoded: unknown fields, fields explicitly set to their default, and
// lists of pairs as maps. What a map cannot hold (a second value for a key) is kept as surplus.

import { type DescField, type DescMessage, isFieldSet, type Message } from '@bufbuild/protobuf';
import * as pb from 'onnx-buf';
import { EngineError } from '../error';
import type { ExplicitFields, UnknownFields } from './model';
import type { Surplus } from './written';

/** Unknown fields with the surplus, and plain fields that are set to their default, but for those `represented` otherwise. */
export function carried(
  schema: DescMessage, message: Message, { surplus, represented }: { readonly surplus?: Surplus; readonly represented?: ReadonlySet<string> } = {},
): { unknown?: UnknownFields; explicit?: ExplicitFields } {
  const unknown = [...(message.$unknown ?? []), ...(surplus?.fields ?? [])];
  const explicit: string[] = [];
  for (const field of schema.fields) {
    if (field.fieldKind !== 'scalar' && field.fieldKind !== 'enum') continue;
    const value = (message as unknown as Record<string, unknown>)[field.localName];
    if (value !== '' && value !== 0 && value !== 0n) continue;
    if (represented?.has(field.localName) !== true && isFieldSet(message, field)) explicit.push(field.localName);
  }
  return { ...(unknown.length > 0 && { unknown }), ...(explicit.length > 0 && { explicit }) };
}

/** `field` is the one that holds the list. The first value of a key counts, as in the file; more are kept as they are. */
export function entries(list: readonly pb.StringStringEntryProto[], surplus: Surplus, field: DescField): Map<string, string> {
  const { key, value } = pb.StringStringEntryProtoSchema.field;
  const map = new Map<string, string>();
  for (const entry of list) {
    const plain = isFieldSet(entry, key) && isFieldSet(entry, value) && !entry.$unknown?.length && !map.has(entry.key);
    if (plain) map.set(entry.key, entry.value);
    else surplus.keep(field.number, pb.StringStringEntryProtoSchema, entry);
  }
  return map;
}

/** @throws EngineError `invalidGraph` when a domain is imported in two versions. */
export function opsets(list: readonly pb.OperatorSetIdProto[], surplus: Surplus, field: DescField): Map<string, number> {
  const map = new Map<string, number>();
  for (const entry of list) {
    const version = Number(entry.version);
    const known = map.get(entry.domain);
    const isSaid = isFieldSet(entry, pb.OperatorSetIdProtoSchema.field.version);
    const wrong = isSaid && known !== undefined && known !== version
      ? `the domain is imported in the versions ${known} and ${version}`
      : Number.isSafeInteger(version) ? undefined : `version ${entry.version} is impossible`;
    if (wrong !== undefined) throw new EngineError('invalidGraph', { node: entry.domain, op: 'opset_import', rule: wrong });
    const plain = known === undefined && isSaid && !entry.$unknown?.length;
    if (plain) map.set(entry.domain, version);
    else surplus.keep(field.number, pb.OperatorSetIdProtoSchema, entry);
  }
  return map;
}

/** Whether the default domain is written as an empty text rather than left out. */
export function writesDefaultDomain(list: readonly pb.OperatorSetIdProto[]): boolean {
  return list.some((entry) => entry.domain === '' && isFieldSet(entry, pb.OperatorSetIdProtoSchema.field.domain));
}
