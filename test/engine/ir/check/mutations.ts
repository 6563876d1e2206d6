// Ways to damage a model, for comparing verdicts with onnx.checker. A mutation edits a clone at places that `pick` chooses
// and gives false where the model has nothing of the kind. The fixture verdicts.json holds verdicts for these; when a
// mutation changes, draw it again (bench/schemas/mutants.ts).

import { int, string, subgraphs } from '../../../../src/engine/ir/attributes';
import type { DataType } from '../../../../src/engine/ir/dataTypes';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../../../../src/engine/ir/model';

/** Chooses an index below the length of a list. */
export type Pick = <Item>(list: readonly Item[]) => Item | undefined;

export type Mutation = (model: Model, pick: Pick) => boolean;

function onNode(change: (node: Node, model: Model, pick: Pick) => boolean, wanted: (node: Node) => boolean = () => true): Mutation {
  return (model, pick) => {
    const node = pick(model.graph.nodes.filter(wanted));
    return node !== undefined && change(node, model, pick);
  };
}

const hasInputs = (node: Node): boolean => node.inputs.length > 0;
const hasAttributes = (node: Node): boolean => node.attributes.size > 0;

function setInput(value: string): Mutation {
  return onNode((node, _model, pick) => {
    const index = pick([...node.inputs.keys()]) ?? 0;
    node.inputs[index] = value;
    return true;
  }, hasInputs);
}

function onValue(list: 'inputs' | 'outputs', change: (value: ValueInfo) => ValueInfo | undefined): Mutation {
  return ({ graph }, pick) => {
    const index = pick([...graph[list].keys()]);
    const value = index === undefined ? undefined : graph[list][index];
    const changed = value === undefined ? undefined : change(value);
    if (index === undefined || changed === undefined) return false;
    graph[list][index] = changed;
    return true;
  };
}

/** Another element type that most operators do not take together with the first. */
function other(type: DataType): DataType {
  return type === 'int64' ? 'float32' : 'int64';
}

function retyped(value: ValueInfo): ValueInfo | undefined {
  return value.type?.kind === 'tensor' ? { ...value, type: { ...value.type, type: other(value.type.type) } } : undefined;
}

function reshaped(value: ValueInfo): ValueInfo | undefined {
  if (value.type?.kind !== 'tensor' || value.type.shape === null) return undefined;
  return { ...value, type: { ...value.type, shape: [...value.type.shape, 7] } };
}

function shapeless(value: ValueInfo): ValueInfo | undefined {
  return value.type?.kind === 'tensor' ? { ...value, type: { ...value.type, shape: null } } : undefined;
}

function onInitializer(change: (tensor: Tensor) => Tensor | undefined): Mutation {
  return ({ graph }, pick) => {
    const tensor = pick([...graph.initializers.values()]);
    const changed = tensor === undefined ? undefined : change(tensor);
    if (changed === undefined) return false;
    graph.initializers.set(changed.name, changed);
    return true;
  };
}

function onBody(change: (body: Graph, model: Model) => boolean): Mutation {
  return (model, pick) => {
    const body = pick(model.graph.nodes.flatMap((node) => subgraphs(node).map(({ graph }) => graph)));
    return body !== undefined && change(body, model);
  };
}

export const mutations: Readonly<Record<string, Mutation>> = {
  nothing: () => true,

  dropInput: onNode((node, _model, pick) => node.inputs.splice(pick([...node.inputs.keys()]) ?? 0, 1).length > 0, hasInputs),
  dropLastInput: onNode((node) => node.inputs.pop() !== undefined, hasInputs),
  emptyInput: setInput(''),
  strangeInput: setInput('nowhere'),
  swapInputs: onNode((node) => node.inputs.reverse().length > 1, ({ inputs }) => inputs.length > 1),
  moreInputs: onNode((node) => node.inputs.push(...node.inputs, ...node.inputs) > 0, hasInputs),
  dropOutput: onNode((node) => node.outputs.pop() !== undefined),
  emptyOutput: onNode((node) => {
    node.outputs[0] = '';
    return true;
  }),
  renameOutput: onNode((node) => {
    node.outputs[0] = 'renamed';
    return true;
  }),
  moreOutputs: onNode((node) => node.outputs.push('more1', 'more2', 'more3', 'more4', 'more5') > 0),
  sameOutput: onNode((node, { graph }) => {
    const [first] = graph.nodes;
    if (first === undefined || first === node) return false;
    node.outputs[0] = first.outputs[0] ?? '';
    return true;
  }),
  ownInput: onNode((node) => {
    node.inputs[0] = node.outputs[0] ?? '';
    return true;
  }, hasInputs),

  dropAttribute: onNode((node, _model, pick) => node.attributes.delete(pick([...node.attributes.keys()]) ?? ''), hasAttributes),
  intAttribute: onNode((node, _model, pick) => {
    node.attributes.set(pick([...node.attributes.keys()]) ?? '', int(1));
    return true;
  }, hasAttributes),
  textAttribute: onNode((node, _model, pick) => {
    node.attributes.set(pick([...node.attributes.keys()]) ?? '', string('text'));
    return true;
  }, hasAttributes),
  strangeAttribute: onNode((node) => {
    node.attributes.set('strange', int(1));
    return true;
  }),

  strangeOperator: onNode((node) => {
    node.opType += 'X';
    return true;
  }),
  noOperator: onNode((node) => {
    node.opType = '';
    return true;
  }),
  mlDomain: onNode((node, model) => {
    node.domain = 'ai.onnx.ml';
    model.opsets.set('ai.onnx.ml', 2);
    return true;
  }),
  customDomain: onNode((node, model) => {
    node.domain = 'example.custom';
    model.opsets.set('example.custom', 1);
    return true;
  }),
  strangeDomain: onNode((node) => {
    node.domain = 'example.custom';
    return true;
  }),
  dropImport: (model) => {
    model.opsets.delete('');
    model.opsets.delete('ai.onnx');
    model.opsets.set('example.custom', 1);
    return true;
  },
  firstOpset: (model) => {
    model.opsets.set('', 1);
    return true;
  },
  seventhOpset: (model) => {
    model.opsets.set('', 7);
    return true;
  },
  lateOpset: (model) => {
    model.opsets.set('', 24);
    return true;
  },

  dropNode: ({ graph }, pick) => graph.nodes.length > 1 && graph.nodes.splice(pick([...graph.nodes.keys()]) ?? 0, 1).length > 0,
  reverseNodes: ({ graph }) => graph.nodes.reverse().length > 1,
  repeatNode: ({ graph }, pick) => {
    const node = pick(graph.nodes);
    return node !== undefined && graph.nodes.push(node) > 0;
  },

  renameGraphInput: onValue('inputs', (value) => ({ ...value, name: `${value.name}_renamed` })),
  untypedInput: onValue('inputs', ({ name }) => ({ name })),
  shapelessInput: onValue('inputs', shapeless),
  retypedInput: onValue('inputs', retyped),
  reshapedInput: onValue('inputs', reshaped),
  sameInput: ({ graph }) => graph.inputs.length > 0 && graph.inputs.push(...graph.inputs) > 0,
  dropGraphInput: ({ graph }) => graph.inputs.pop() !== undefined,
  renameGraphOutput: onValue('outputs', (value) => ({ ...value, name: `${value.name}_renamed` })),
  untypedOutput: onValue('outputs', ({ name }) => ({ name })),
  shapelessOutput: onValue('outputs', shapeless),
  retypedOutput: onValue('outputs', retyped),
  reshapedOutput: onValue('outputs', reshaped),
  unnamedGraph: ({ graph }) => {
    graph.name = '';
    return true;
  },
  wrongInnerType: onNode((node, { graph }) => {
    const [name = ''] = node.outputs;
    graph.valueInfo.set(name, { name, type: { kind: 'tensor', type: 'string', shape: null } });
    return !graph.outputs.some((output) => output.name === name);
  }),

  dropInitializer: ({ graph }, pick) => graph.initializers.delete(pick([...graph.initializers.keys()]) ?? ''),
  largerInitializer: onInitializer((tensor) => ({ ...tensor, dims: [...tensor.dims, 3] })),
  retypedInitializer: onInitializer((tensor) => ({ ...tensor, type: other(tensor.type) })),
  untypedInitializer: onInitializer((tensor) => ({ ...tensor, type: 'undefined' })),
  onlyInitializer: ({ graph }) => {
    const freed = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
    if (freed.length === graph.inputs.length) return false;
    graph.inputs = freed;
    return true;
  },

  dropBodyOutput: onBody((body) => body.outputs.pop() !== undefined),
  moreBodyInputs: onBody((body) => body.inputs.push({ name: 'more_body_input', type: { kind: 'tensor', type: 'float32', shape: [1] } }) > 0),
  unnamedBody: onBody((body) => {
    body.name = '';
    return true;
  }),
  shadowedValue: onBody((body, { graph }) => {
    const outer = graph.inputs[0]?.name;
    const node = body.nodes.at(-1);
    if (outer === undefined || node === undefined) return false;
    const inner = node.outputs[0];
    node.outputs[0] = outer;
    body.outputs = body.outputs.map((output) => (output.name === inner ? { ...output, name: outer } : output));
    return true;
  }),
};

