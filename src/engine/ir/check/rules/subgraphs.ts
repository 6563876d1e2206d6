// Rules about the bodies of If, Loop, Scan and SequenceMap: how many values go in and come out.

import { intAttribute, subgraphs } from '../../attributes';
import { isDefaultDomain, type Graph } from '../../model';
import type { NodeSite } from '../site';
import { type Breach, rule, sound } from '../rule';

interface Signature {
  readonly inputs: number;
  readonly outputs: number;
}

/** Inputs of Loop before the carried values: trip count and condition. Its body takes the iteration and the condition. */
const LOOP_CONTROLS = 2;

/** What the specification wants of a body of the node; undefined for operators without one. */
function signatureOf({ node, schema }: NodeSite, body: Graph): Signature | undefined {
  const { inputs, outputs } = node;
  switch (node.opType) {
    case 'If':
      return { inputs: 0, outputs: outputs.length };
    case 'Loop':
      return { inputs: Math.max(inputs.length, LOOP_CONTROLS), outputs: outputs.length + 1 };
    case 'Scan': {
      // Before opset 9 the first input is the lengths of the sequences.
      const given = (schema?.sinceVersion ?? 0) < 9 ? inputs.length - 1 : inputs.length;
      const states = given - intAttribute(node, 'num_scan_inputs', 0);
      return states < 0 ? undefined : { inputs: given, outputs: outputs.length };
    }
    case 'SequenceMap':
      return { inputs: inputs.length, outputs: outputs.length };
    default:
      return { inputs: body.inputs.length, outputs: body.outputs.length };
  }
}

function compare(site: NodeSite, side: 'inputs' | 'outputs'): readonly Breach[] {
  if (!isDefaultDomain(site.node.domain)) return sound;
  return subgraphs(site.node).flatMap(({ attribute, graph }) => {
    const wanted = signatureOf(site, graph)?.[side];
    const found = graph[side].length;
    return wanted === undefined || wanted === found ? [] : [{ params: { attribute, found, wanted } }];
  });
}

export const subgraphRules = [
  rule({ id: 'check.subgraphInputs', on: 'node', severity: 'error', check: (site) => compare(site, 'inputs') }),
  rule({ id: 'check.subgraphOutputs', on: 'node', severity: 'error', check: (site) => compare(site, 'outputs') }),
];
