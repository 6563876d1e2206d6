// Rules about names of values: each is made once, before it is used (static single assignment, IR.md).

import { EngineError } from '../../../error';
import { topologicalOrder } from '../../graphIndex';
import { nodeLabel } from '../../model';
import type { BodySite, NodeSite } from '../site';
import { type Breach, breach, breaches, repeated, rule, sound } from '../rule';

function missing({ node, scope }: NodeSite): string[] {
  return node.inputs.filter((name) => name !== '' && !scope.has(name));
}

/** The first node of a cycle. Only where a node uses what is made later: sorted nodes have no cycle. */
function cycle({ nodes }: BodySite): readonly Breach[] {
  const made = new Set<string>();
  const all = new Set(nodes.flatMap(({ outputs }) => outputs));
  const sorted = nodes.every((node) => {
    const early = node.inputs.some((name) => all.has(name) && !made.has(name) && name !== '');
    for (const output of node.outputs) made.add(output);
    return !early;
  });
  if (sorted) return sound;
  try {
    topologicalOrder({ nodes });
    return sound;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const at = nodes.find((node) => nodeLabel(node) === error.params['node']);
    return at === undefined ? breach() : [{ params: {}, at }];
  }
}

export const nameRules = [
  rule({
    id: 'check.notMade', on: 'node', severity: 'error',
    check: (site) => breaches(missing(site).filter((name) => !site.body.makes(name)), (value) => ({ value })),
  }),
  rule({
    id: 'check.notSorted', on: 'node', severity: 'error', accepted: true,
    check: (site) => breaches(missing(site).filter((name) => site.body.makes(name)), (value) => ({ value })),
  }),
  rule({
    id: 'check.nodeNameTaken', on: 'body', severity: 'info',
    check({ nodes }) {
      const seen = new Set<string>();
      const twice = nodes.filter(({ name }) => name !== '' && seen.size === seen.add(name).size);
      return twice.map((at) => ({ params: { value: at.name }, at }));
    },
  }),
  rule({ id: 'check.cycle', on: 'body', severity: 'error', check: cycle }),
  rule({
    id: 'check.madeTwice', on: 'node', severity: 'error',
    check({ node, scope }) {
      const twice = [...node.outputs.filter((name) => scope.hasOwn(name)), ...repeated(node.outputs)];
      return breaches(new Set(twice), (value) => ({ value }));
    },
  }),
  rule({
    id: 'check.shadows', on: 'node', severity: 'error',
    check: ({ node, scope }) => breaches(new Set(node.outputs.filter((name) => scope.outer?.has(name) && !scope.hasOwn(name))), (value) => ({ value })),
  }),
];
