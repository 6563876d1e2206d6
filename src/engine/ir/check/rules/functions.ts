// Rules about local functions: one definition each, no recursion, names in order, opsets that agree with the model's.

import { subgraphs } from '../../attributes';
import { type FunctionDefinition, type Model, type Node, opsetOf } from '../../model';
import { schemaOf } from '../../schemas/index';
import type { FunctionSite } from '../site';
import { type Breach, breaches, repeated, rule } from '../rule';

export function functionKey({ domain, name, overload }: Pick<FunctionDefinition, 'domain' | 'name' | 'overload'>): string {
  return [domain, name, overload].join('::');
}

function nodesOf(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(({ graph }) => nodesOf(graph.nodes))]);
}

/** Functions that call themselves, over any number of others: where a walk along the calls comes back to one it is in. */
function recursive(model: Model): readonly Breach[] {
  const byKey = new Map(model.functions.map((definition) => [functionKey(definition), definition]));
  const state = new Map<FunctionDefinition, 'open' | 'done'>();
  const found = new Set<FunctionDefinition>();
  for (const start of model.functions) {
    const path: { readonly definition: FunctionDefinition; readonly calls: Iterator<FunctionDefinition> }[] = [];
    const enter = (definition: FunctionDefinition): void => {
      state.set(definition, 'open');
      path.push({ definition, calls: calledBy(definition, byKey).values() });
    };
    if (!state.has(start)) enter(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.calls.next();
      if (next.done === true) {
        state.set(last.definition, 'done');
        path.pop();
      } else if (!state.has(next.value)) {
        enter(next.value);
      } else if (state.get(next.value) === 'open') {
        found.add(next.value);
      }
    }
  }
  return breaches(found, ({ name }) => ({ function: name }));
}

function calledBy({ nodes }: FunctionDefinition, byKey: ReadonlyMap<string, FunctionDefinition>): ReadonlySet<FunctionDefinition> {
  const called = new Set<FunctionDefinition>();
  for (const { domain, opType, overload } of nodesOf(nodes)) {
    const definition = byKey.get(functionKey({ domain, name: opType, overload }));
    if (definition !== undefined) called.add(definition);
  }
  return called;
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
  return breaches([...repeated(inputs), ...repeated([...attributes, ...attributeDefaults.keys()])], (value) => ({ value }));
}

export const functionRules = [
  rule({
    id: 'check.functionTwice', on: 'model', severity: 'error',
    check: ({ model }) => breaches(repeated(model.functions.map(functionKey)), (key) => ({ function: key.replace(/::$/, '') })),
  }),
  rule({ id: 'check.functionRecursive', on: 'model', severity: 'error', check: ({ model }) => recursive(model) }),
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
