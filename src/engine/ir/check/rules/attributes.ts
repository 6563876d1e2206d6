// Rules about attributes: known, of the right kind, present where required; references only inside functions.

import { attributeKindOf } from '../kinds';
import type { NodeSite } from '../site';
import { type Breach, breach, breaches, rule, sound } from '../rule';

/** Attributes for the machinery of a runtime, which onnx.checker passes over. */
function isInternal(name: string): boolean {
  return name.startsWith('__') && name.endsWith('__');
}

/** Attributes that take their value from the calling node, with the name they take. */
function references({ node }: NodeSite): { readonly attribute: string; readonly target: string }[] {
  return [...node.attributes].flatMap(([attribute, value]) => (value.kind === 'reference' ? [{ attribute, target: value.value }] : []));
}

function wrongKinds({ node, schema }: NodeSite): readonly Breach[] {
  if (schema === undefined || schema.deprecated) return sound;
  return [...node.attributes].flatMap(([name, attribute]) => {
    const wanted = schema.attributes.get(name)?.kind;
    const found = attributeKindOf(attribute);
    return wanted === undefined || found === wanted ? [] : breach({ attribute: name, found: found ?? 'undefined', wanted });
  });
}

/** Attributes of Constant, of which exactly one is its value. */
const constantValues = ['value', 'sparse_value', 'value_float', 'value_floats', 'value_int', 'value_ints', 'value_string', 'value_strings'];

export const attributeRules = [
  rule({ id: 'check.unnamedAttribute', on: 'node', severity: 'error', check: ({ node }) => (node.attributes.has('') ? breach() : sound) }),
  rule({
    id: 'check.unknownAttribute', on: 'node', severity: 'error', bySchema: true,
    check({ node, schema }) {
      if (schema === undefined || schema.deprecated) return sound;
      const unknown = [...node.attributes.keys()].filter((name) => name !== '' && !schema.attributes.has(name) && !isInternal(name));
      return breaches(unknown, (attribute) => ({ attribute }));
    },
  }),
  rule({ id: 'check.attributeKind', on: 'node', severity: 'error', bySchema: true, check: wrongKinds }),
  rule({
    id: 'check.missingAttribute', on: 'node', severity: 'error', bySchema: true,
    check({ node, schema }) {
      if (schema === undefined || schema.deprecated || schema.attributes.size === 0) return sound;
      const missing = [...schema.attributes.values()].filter(({ required, name }) => required && !node.attributes.has(name));
      return breaches(missing, ({ name }) => ({ attribute: name }));
    },
  }),
  rule({
    id: 'check.constantValues', on: 'node', severity: 'error', accepted: true,
    check({ node, schema }) {
      if (node.opType !== 'Constant' || schema?.domain !== '') return sound;
      const found = constantValues.filter((name) => node.attributes.has(name)).length;
      return found === 1 ? sound : breach({ found });
    },
  }),
  rule({
    id: 'check.referenceOutside', on: 'node', severity: 'warning',
    check: (site) => (site.body.within === undefined ? breaches(references(site), ({ attribute }) => ({ attribute })) : sound),
  }),
  rule({
    id: 'check.undeclaredReference', on: 'node', severity: 'error',
    check(site) {
      const { within } = site.body;
      if (within === undefined) return sound;
      const undeclared = references(site).filter(({ target }) => !within.attributes.includes(target) && !within.attributeDefaults.has(target));
      return breaches(undeclared, (reference) => reference);
    },
  }),
];
