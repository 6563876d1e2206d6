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

/** Constant of old opsets holds floats only; exporters wrote other types all the same. */
function isConstant({ node, schema }: TypedNodeSite): boolean {
  return node.opType === 'Constant' && schema?.domain === '';
}

/** Outputs whose element type in the file is not the one that follows from the graph. */
function otherThanStored(site: TypedNodeSite): readonly Breach[] {
  const { node, body: { graph } } = site;
  if (graph === undefined) return sound;
  return node.outputs.flatMap((name) => {
    const stored = (graph.valueInfo.get(name) ?? graph.outputs.find((output) => output.name === name))?.type;
    const made = site.typeOf(name)?.type ?? 'undefined';
    if (stored?.kind !== 'tensor' || stored.type === 'undefined' || made === 'undefined' || stored.type === made) return [];
    return [{ params: { value: name, type: stored.type, other: made } }];
  });
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
  rule({ id: 'check.typeNotAllowed', on: 'typedNode', severity: 'error', bySchema: true, check: (site) => (isConstant(site) ? sound : notAllowed(site)) }),
  rule({ id: 'check.constantType', on: 'typedNode', severity: 'error', accepted: true, check: (site) => (isConstant(site) ? notAllowed(site) : sound) }),
  rule({ id: 'check.storedType', on: 'typedNode', severity: 'error', check: otherThanStored }),
  rule({ id: 'check.typesDiffer', on: 'typedNode', severity: 'error', bySchema: true, check: differing }),
  rule({
    id: 'check.contradictsStored', on: 'typedNode', severity: 'error', accepted: true,
    check: ({ node, contradicted }) => breaches(node.outputs.filter((name) => contradicted.has(name)), (value) => ({ value })),
  }),
];
