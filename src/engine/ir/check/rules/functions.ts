// Rules about local functions: one definition each, no recursion, names in order, opsets that agree with the model's.

import { subgraphs } from '../../attributes';
import { type FunctionDefinition, type Model, type Node, opsetOf } from '../../model';
import { schemaOf } from '../../schemas/index';
import type { FunctionSite } from '../site';
import { type Breach, breach, breaches, rule, sound } from '../rule';

export function functionKey({ domain, name, overload }: Pick<FunctionDefinition, 'domain' | 'name' | 'overload'>): string {
  return [domain, name, overload].join('::');
}

function nodesOf(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(({ graph }) => nodesOf(graph.nodes))]);
}

/** Functions that a function calls, over any number of others. */
function reached(model: Model, start: FunctionDefinition): ReadonlySet<FunctionDefinition> {
  const byKey = new Map(model.functions.map((definition) => [functionKey(definition), definition]));
  const found = new Set<FunctionDefinition>();
  const waiting = [start];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { domain, opType, overload } of nodesOf(next.nodes)) {
      const called = byKey.get(functionKey({ domain, name: opType, overload }));
      if (called === undefined || found.has(called)) continue;
      found.add(called);
      waiting.push(called);
    }
  }
  return found;
}

function sameDefinitions({ model, definition }: FunctionSite): readonly Breach[] {
  const same = model.functions.filter((other) => functionKey(other) === functionKey(definition));
  return same.length > 1 && same[0] === definition ? breach() : sound;
}

/** onnx.checker wants each operator of a function to be the version that the model's own import gives. */
function otherVersions({ model, definition }: FunctionSite): readonly Breach[] {
  const seen = new Map<string, Breach>();
  for (const { domain, opType } of nodesOf(definition.nodes)) {
    const inside = opsetOf(definition, domain);
    const outside = opsetOf(model, domain);
    if (inside === undefined || outside === undefined || inside === outside) continue;
    if (schemaOf(domain, opType, inside)?.sinceVersion === schemaOf(domain, opType, outside)?.sinceVersion) continue;
    seen.set(`${domain}::${opType}`, { params: { op: opType, inside, outside } });
  }
  return [...seen.values()];
}

function declaredTwice({ definition: { inputs, attributes, attributeDefaults } }: FunctionSite): readonly Breach[] {
  const twice = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) < index);
  return breaches([...twice(inputs), ...twice([...attributes, ...attributeDefaults.keys()])], (value) => ({ value }));
}

export const functionRules = [
  rule({ id: 'check.functionTwice', on: 'function', severity: 'error', check: sameDefinitions }),
  rule({
    id: 'check.functionRecursive', on: 'function', severity: 'error',
    check: ({ model, definition }) => (reached(model, definition).has(definition) ? breach() : sound),
  }),
  rule({ id: 'check.functionOpset', on: 'function', severity: 'error', accepted: true, check: otherVersions }),
  rule({ id: 'check.functionNames', on: 'function', severity: 'error', check: declaredTwice }),
  rule({
    id: 'check.functionOutput', on: 'function', severity: 'error',
    check({ definition: { inputs, outputs, nodes } }) {
      const made = new Set([...inputs, ...nodes.flatMap((node) => node.outputs)]);
      return breaches(outputs.filter((name) => !made.has(name)), (value) => ({ value }));
    },
  }),
];
