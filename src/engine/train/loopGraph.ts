// Several steps in one call: a Loop whose carried state is the state vectors and whose body is the training graph. Same
// kernels, same order, same numbers; what is saved is the copy of every state vector that the Node binding makes a call.

import { makeGraph, makeNode, makeValue } from '../ir/build';
import { cloneGraph } from '../ir/clone';
import type { Model, ValueInfo } from '../ir/model';
import { tensorFrom } from '../ir/tensors';
import { nextOutput, REPORT, stateInput } from './trainingNames';

/** Prefix of what belongs to the loop and not to its body, where names must differ. */
const OUTER = 'loop/';

/** Names of the loop's inputs and outputs for those of the body. */
export const outer = (name: string): string => `${OUTER}${name}`;

/**
 * `steps` steps of a graph that takes whole ones. Inputs: the state vectors, and every other input stacked along a new
 * first axis. Outputs: the state vectors after the last step, and the reports stacked.
 */
export function loopGraph(model: Model, steps: number): Model {
  const body = cloneGraph(model.graph);
  const isState = ({ name }: ValueInfo): boolean => name.startsWith(stateInput(''));
  const state = body.inputs.filter(isState);
  const fed = body.inputs.filter((value) => !isState(value));
  const results = [...state.map(({ name }) => nextOutput(name.slice(stateInput('').length))), REPORT];
  const [iteration, running, goesOn] = [`${OUTER}iteration`, `${OUTER}running`, `${OUTER}goesOn`];
  body.name = 'step';
  body.inputs = [makeValue(iteration, 'int64', []), makeValue(running, 'bool', []), ...state];
  body.nodes = [
    makeNode('Identity', [running], [goesOn]),
    ...fed.map(({ name }) => makeNode('Gather', [outer(name), iteration], [name])),
    ...body.nodes,
  ];
  const outputs = new Map(body.outputs.map((value) => [value.name, value]));
  body.outputs = [makeValue(goesOn, 'bool', []), ...results.flatMap((name) => outputs.get(name) ?? [])];
  const [count, always] = [`${OUTER}steps`, `${OUTER}always`];
  const graph = makeGraph({
    name: 'steps',
    nodes: [makeNode('Loop', [count, always, ...state.map(({ name }) => outer(name))], results.map(outer), { body: { kind: 'graph', value: body } })],
    inputs: [...state.map((value) => ({ ...value, name: outer(value.name) })), ...fed.map((value) => stacked(value, steps))],
    outputs: results.map((name) => makeValue(outer(name), 'float32', null)),
    initializers: [
      tensorFrom(count, { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(steps)) }),
      tensorFrom(always, { type: 'bool', dims: [], data: Uint8Array.of(1) }),
    ],
  });
  return { ...model, graph };
}

function stacked(value: ValueInfo, steps: number): ValueInfo {
  const name = outer(value.name);
  return value.type?.kind === 'tensor' ? { ...value, name, type: { ...value.type, shape: [steps, ...(value.type.shape ?? [])] } } : { ...value, name };
}
