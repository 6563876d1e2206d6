// Rules about types as inference has them: each value has a type its operator takes, and values of one type variable
// agree. Values of which inference knows nothing break no rule.

import { parameterAt } from '../../schemas/index';
import { typeString } from '../typeStrings';
import type { TypedNodeSite } from '../site';
import { type Breach, breaches, rule, sound } from '../rule';

interface TypedValue {
  readonly name: string;
  /** As ONNX writes it. */
  readonly type: string;
  readonly parameter: string;
  /** A type variable, or one type. */
  readonly wanted: string;
  /** False for variadic parameters whose values may differ. */
  readonly shared: boolean;
}

function typedValues(site: TypedNodeSite): TypedValue[] {
  const { node, schema } = site;
  if (schema === undefined) return [];
  const typed = (names: readonly string[], parameters: typeof schema.inputs): TypedValue[] => names.flatMap((name, index) => {
    const parameter = parameterAt(parameters, index);
    const type = name === '' ? undefined : typeString(site.typeOf(name));
    return parameter === undefined || type === undefined ? [] : [{ name, type, parameter: parameter.name, wanted: parameter.type, shared: parameter.homogeneous }];
  });
  return [...typed(node.inputs, schema.inputs), ...typed(node.outputs, schema.outputs)];
}

function notAllowed(site: TypedNodeSite): readonly Breach[] {
  const wrong = typedValues(site).filter(({ type, wanted }) => !(site.schema?.typeConstraints.get(wanted)?.has(type) ?? type === wanted));
  return wrong.map(({ name, type, parameter }) => ({ params: { value: name, type, parameter } }));
}

function differing(site: TypedNodeSite): readonly Breach[] {
  const first = new Map<string, string>();
  for (const { name, type, wanted, shared } of typedValues(site)) {
    if (!shared || site.schema?.typeConstraints.has(wanted) !== true) continue;
    const other = first.get(wanted) ?? type;
    if (other !== type) return [{ params: { value: name, type, variable: wanted, other } }];
    first.set(wanted, type);
  }
  return sound;
}

export const typeRules = [
  rule({ id: 'check.typeNotAllowed', on: 'typedNode', severity: 'error', bySchema: true, check: notAllowed }),
  rule({ id: 'check.typesDiffer', on: 'typedNode', severity: 'error', bySchema: true, check: differing }),
  rule({
    id: 'check.contradictsStored', on: 'typedNode', severity: 'error', accepted: true,
    check: ({ node, contradicted }) => breaches(node.outputs.filter((name) => contradicted.has(name)), (value) => ({ value })),
  }),
];
