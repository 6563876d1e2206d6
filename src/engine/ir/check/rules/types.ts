// Rules about types as inference has them: each value has a type its operator takes, and values of one type variable
// agree. Values of which inference knows nothing break no rule.

import type { TypedNodeSite } from '../site';
import { type Breach, breach, breaches, rule, sound } from '../rule';

function notAllowed({ values, schema }: TypedNodeSite): readonly Breach[] {
  const wrong = values.filter(({ type, parameter }) => !(schema?.typeConstraints.get(parameter.type)?.has(type) ?? type === parameter.type));
  return breaches(wrong, ({ name, type, parameter }) => ({ value: name, type, parameter: parameter.name }));
}

/** Constant of old opsets holds floats only; exporters wrote other types all the same. */
function isConstant({ node, schema }: TypedNodeSite): boolean {
  return node.opType === 'Constant' && schema?.domain === '';
}

/** Outputs whose element type in the file is not the one that follows from the graph. */
function otherThanStored(site: TypedNodeSite): readonly Breach[] {
  const { node, stated } = site;
  return node.outputs.flatMap((name) => {
    const stored = stated.get(name);
    const made = site.typeOf(name)?.type ?? 'undefined';
    if (stored?.kind !== 'tensor' || stored.type === 'undefined' || made === 'undefined' || stored.type === made) return [];
    return [{ params: { value: name, type: stored.type, other: made } }];
  });
}

function differing({ values, schema }: TypedNodeSite): readonly Breach[] {
  const first = new Map<string, string>();
  for (const { name, type, parameter } of values) {
    if (!parameter.homogeneous || schema?.typeConstraints.has(parameter.type) !== true) continue;
    const other = first.get(parameter.type) ?? type;
    if (other !== type) return breach({ value: name, type, variable: parameter.type, other });
    first.set(parameter.type, type);
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
