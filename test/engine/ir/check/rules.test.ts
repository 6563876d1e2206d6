// Each rule of the checker on a small model that breaks it: the rule is told, with its place, and nothing else is wrong.

import assert from 'node:assert/strict';
import { checkModel, requireValid } from '../../../../src/engine/ir/check/check';
import { checkRules } from '../../../../src/engine/ir/check/rules';
import { float, int, string } from '../../../../src/engine/ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import type { Attribute, FunctionDefinition, Graph, Model, Node, SparseTensor, Tensor } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { say, texts } from '../../../../src/protocol/text/index';

const x = makeValue('x', 'float32', [2, 3]);
const y = makeValue('y', 'float32', [2, 3]);
const relu = (input = 'x', output = 'y', name = 'relu'): Node => makeNode('Relu', [input], [output], {}, { name });

interface Parts {
  readonly nodes?: readonly Node[];
  readonly inputs?: Graph['inputs'];
  readonly outputs?: Graph['outputs'];
  readonly initializers?: readonly Tensor[];
  readonly name?: string;
}

function model({ nodes = [relu()], inputs = [x], outputs = [y], ...rest }: Parts = {}, opsets: Record<string, number> = { '': 21 }, irVersion = 10): Model {
  return makeModel(makeGraph({ nodes, inputs, outputs, ...rest }), opsets, irVersion);
}

function changed(change: (model: Model) => void, start = model()): Model {
  change(start);
  return start;
}

const w = (dims: readonly number[] = [2, 3], bytes = 24): Tensor => ({ name: 'w', type: 'float32', dims, data: { encoding: 'raw', at: { bytes: new Uint8Array(bytes) } } });
const add = (): Node => makeNode('Add', ['x', 'w'], ['y'], {}, { name: 'add' });

function body(nodes: readonly Node[], outputs: Graph['outputs'], inputs: Graph['inputs'] = []): Attribute {
  return { kind: 'graph', value: makeGraph({ name: 'body', nodes, inputs, outputs }) };
}

function branches(then: Attribute): Node {
  return makeNode('If', ['c'], ['y'], { then_branch: then, else_branch: body([relu('x', 'e')], [makeValue('e', 'float32', [2, 3])]) }, { name: 'if' });
}

const condition = makeValue('c', 'bool', []);

function definition(changes: Partial<FunctionDefinition> = {}): FunctionDefinition {
  return {
    name: 'F', domain: 'own', overload: '', inputs: ['a'], outputs: ['b'], attributes: [], attributeDefaults: new Map(), nodes: [relu('a', 'b')],
    opsets: new Map([['', 21]]), valueInfo: new Map(), docString: '', metadata: new Map(), ...changes,
  };
}

function calling(functions: FunctionDefinition[], irVersion = 10): Model {
  return changed((made) => made.functions.push(...functions), model({ nodes: [makeNode('F', ['x'], ['y'], {}, { name: 'call', domain: 'own' })] }, { '': 21, own: 1 }, irVersion));
}

function sparse(indices: readonly bigint[], dims = [2, 3]): Model {
  const made: SparseTensor = {
    values: tensorFrom('w', { type: 'float32', dims: [2], data: new Float32Array([1, 2]) }),
    indices: tensorFrom('i', { type: 'int64', dims: [indices.length], data: BigInt64Array.from(indices) }),
    dims,
  };
  return changed(({ graph }) => graph.sparseInitializers.push(made), model());
}

const reference: Attribute = { kind: 'reference', value: 'slope', type: 1 };
const leaky = (alpha: Attribute, input = 'x', output = 'y'): Node => makeNode('LeakyRelu', [input], [output], { alpha }, { name: 'leaky' });

type RuleId = (typeof checkRules)[number]['id'];

/** A model that breaks one rule, and what the message must name. */
const broken: Readonly<Record<RuleId, () => { readonly model: Model; readonly says: RegExp }>> = {
  'check.irTooOld': () => ({ model: calling([definition()], 7), says: /IR version 7.*local functions.*8/ }),
  'check.opsetTooNew': () => ({ model: model({}, { '': 999 }), says: /opset 999 of ai\.onnx/ }),
  'check.unknownDomain': () => ({ model: model({ nodes: [makeNode('Own', ['x'], ['y'], {}, { domain: 'example' })] }, { '': 21, example: 1 }), says: /"example".*Own/ }),
  'check.unnamedGraph': () => ({ model: model({ name: '' }), says: /no name/ }),
  'check.unnamedBody': () => {
    const unnamed = makeGraph({ name: '', nodes: [relu('x', 't')], inputs: [], outputs: [makeValue('t', 'float32', [2, 3])] });
    return { model: model({ inputs: [x, condition], nodes: [branches({ kind: 'graph', value: unnamed })] }), says: /subgraph/ };
  },
  'check.unnamedValue': () => ({ model: model({ inputs: [x, { ...x, name: '' }] }), says: /input has no name/ }),
  'check.untypedInput': () => ({ model: model({ inputs: [x, { name: 'z' }] }), says: /"z"/ }),
  'check.untypedOutput': () => ({ model: model({ outputs: [{ name: 'y' }] }), says: /"y"/ }),
  'check.noShape': () => ({ model: model({ outputs: [makeValue('y', 'float32', null)] }), says: /output "y"/ }),
  'check.duplicateInput': () => ({ model: model({ inputs: [x, x] }), says: /"x"/ }),
  'check.duplicateOutput': () => ({ model: model({ outputs: [y, y] }), says: /"y"/ }),
  'check.outputNotMade': () => ({ model: model({ outputs: [y, makeValue('z', 'float32', [1])] }), says: /"z"/ }),
  'check.initializerNotInput': () => ({ model: model({ nodes: [add()], initializers: [w()] }, { '': 7 }, 3), says: /"w".*IR version 3/ }),
  'check.initializerContradictsInput': () => ({ model: model({ nodes: [add()], inputs: [x, makeValue('w', 'float32', [3, 3])], initializers: [w()] }), says: /"w".*\[2, 3\]/ }),
  'check.strayValueInfo': () => ({ model: changed(({ graph }) => graph.valueInfo.set('gone', { name: 'gone' })), says: /"gone"/ }),
  'check.strayAnnotation': () => ({ model: changed(({ graph }) => graph.quantizationAnnotations.set('gone', new Map())), says: /"gone"/ }),
  'check.notMade': () => ({ model: model({ nodes: [relu('nowhere')] }), says: /"nowhere"/ }),
  'check.notSorted': () => ({ model: model({ nodes: [relu('a'), relu('x', 'a', 'second')] }), says: /"a".*later/ }),
  'check.nodeNameTaken': () => ({ model: model({ nodes: [relu('x', 'a'), relu('a', 'y')] }), says: /"relu"/ }),
  'check.cycle': () => ({ model: model({ nodes: [relu('y', 'y')] }), says: /cycle/ }),
  'check.madeTwice': () => ({ model: model({ nodes: [relu(), relu('x', 'y', 'second')] }), says: /"y"/ }),
  'check.shadows': () => ({ model: model({ inputs: [x, condition], nodes: [relu('x', 'a'), branches(body([relu('x', 'a')], [makeValue('a', 'float32', [2, 3])]))] }), says: /"a"/ }),
  'check.noOperator': () => ({ model: model({ nodes: [makeNode('', ['x'], ['y'])] }), says: /no operator/ }),
  'check.emptyNode': () => ({ model: model({ nodes: [relu(), makeNode('Identity', [], [])] }), says: /neither/ }),
  'check.noImport': () => ({ model: model({ nodes: [makeNode('Own', ['x'], ['y'], {}, { domain: 'com.microsoft' })] }), says: /com\.microsoft/ }),
  'check.unknownOperator': () => ({ model: model({ nodes: [makeNode('Relux', ['x'], ['y'])] }), says: /Relux in ai\.onnx/ }),
  'check.unlistedOperator': () => ({ model: model({ nodes: [makeNode('Relux', ['x'], ['y'], {}, { domain: 'com.microsoft' })] }, { '': 21, 'com.microsoft': 1 }), says: /Relux.*com\.microsoft/ }),
  'check.operatorTooNew': () => ({ model: model({ nodes: [makeNode('Gelu', ['x'], ['y'])] }, { '': 19 }), says: /Gelu appeared in opset 20/ }),
  'check.runtimeOperator': () => ({ model: model({ nodes: [makeNode('SimplifiedLayerNormalization', ['x', 'w'], ['y'])], initializers: [w([3], 12)] }), says: /onnxruntime/ }),
  'check.deprecated': () => ({ model: model({ nodes: [makeNode('Upsample', ['x', 'w'], ['y'])], initializers: [w([2], 8)] }, { '': 11 }), says: /Upsample.*opset 10/ }),
  'check.inputCount': () => ({ model: model({ nodes: [makeNode('Relu', ['x', 'x'], ['y'])] }), says: /2 inputs, wanted are 1/ }),
  'check.outputCount': () => ({ model: model({ nodes: [makeNode('Relu', ['x'], ['y', 'z'])] }), says: /2 outputs, wanted are 1/ }),
  'check.missingInput': () => ({ model: model({ nodes: [makeNode('Add', ['x', ''], ['y'])] }), says: /"B"/ }),
  'check.missingOutput': () => ({ model: model({ nodes: [relu(), makeNode('Relu', ['x'], [''])] }), says: /"Y"/ }),
  'check.unnamedAttribute': () => ({ model: model({ nodes: [makeNode('Relu', ['x'], ['y'], { '': int(1) })] }), says: /no name/ }),
  'check.unknownAttribute': () => ({ model: model({ nodes: [makeNode('Relu', ['x'], ['y'], { strange: int(1) })] }), says: /"strange"/ }),
  'check.attributeKind': () => ({ model: model({ nodes: [leaky(int(1))] }), says: /"alpha" is of kind int, wanted is float/ }),
  'check.missingAttribute': () => ({ model: model({ nodes: [makeNode('Concat', ['x'], ['y'])] }), says: /"axis"/ }),
  'check.constantValues': () => ({ model: model({ nodes: [relu(), makeNode('Constant', [], ['k'], { value_int: int(1), value_float: float(1) })] }), says: /2 values/ }),
  'check.referenceOutside': () => ({ model: model({ nodes: [leaky(reference)] }), says: /"alpha"/ }),
  'check.undeclaredReference': () => ({ model: calling([definition({ nodes: [leaky(reference, 'a', 'b')] })]), says: /"alpha".*"slope"/ }),
  'check.subgraphInputs': () => ({ model: model({ inputs: [x, condition], nodes: [branches(body([relu('q', 't')], [makeValue('t', 'float32', [2, 3])], [makeValue('q', 'float32', [2, 3])]))] }), says: /"then_branch" takes 1 inputs but is given 0/ }),
  'check.subgraphOutputs': () => ({ model: model({ inputs: [x, condition], nodes: [branches(body([relu('x', 't')], []))] }), says: /"then_branch" gives 0 outputs, wanted are 1/ }),
  'check.tensorType': () => ({ model: model({ nodes: [add()], initializers: [{ ...w(), type: 'undefined' }] }), says: /"w"/ }),
  'check.tensorField': () => ({ model: model({ nodes: [add()], initializers: [{ ...w(), data: { encoding: 'int64', at: { bytes: new Uint8Array(6) } } }] }), says: /"w" \(float32\).*int64/ }),
  'check.tensorSize': () => ({ model: model({ nodes: [add()], initializers: [w([2, 3], 20)] }), says: /20 of the 24 bytes/ }),
  'check.sparseForm': () => ({ model: sparse([0n, 1n, 2n]), says: /indices \[3\]/ }),
  'check.sparseIndices': () => ({ model: sparse([3n, 1n]), says: /index 1/ }),
  'check.typeNotAllowed': () => ({ model: model({ nodes: [makeNode('Abs', ['x'], ['y'])], inputs: [makeValue('x', 'bool', [2])], outputs: [makeValue('y', 'bool', [2])] }), says: /"x" is a tensor\(bool\)/ }),
  'check.constantType': () => ({ model: model({ nodes: [relu(), makeNode('Constant', [], ['k'], { value: { kind: 'tensor', value: tensorFrom('', { type: 'int64', dims: [], data: new BigInt64Array(1) }) } })] }, { '': 7 }), says: /"k" is a tensor\(int64\)/ }),
  'check.storedType': () => ({ model: model({ outputs: [makeValue('y', 'int64', [2, 3])] }), says: /"y".*int64.*float32/ }),
  'check.typesDiffer': () => ({ model: model({ nodes: [add()], inputs: [x, makeValue('w', 'int64', [3])] }), says: /"w" is a tensor\(int64\).*tensor\(float\)/ }),
  'check.contradictsStored': () => ({ model: model({ outputs: [makeValue('y', 'float32', [2, 4])] }), says: /"y"/ }),
  'check.functionTwice': () => ({ model: calling([definition(), definition()]), says: /own::F is defined twice/ }),
  'check.functionRecursive': () => ({ model: calling([definition({ opsets: new Map([['own', 1]]), nodes: [makeNode('F', ['a'], ['b'], {}, { domain: 'own' })] })]), says: /F calls itself/ }),
  'check.functionOpset': () => ({ model: calling([definition({ opsets: new Map([['', 9]]) })]), says: /F uses Relu as of opset 9.*21/ }),
  'check.functionNames': () => ({ model: calling([definition({ attributes: ['slope', 'slope'] })]), says: /F declares "slope" twice/ }),
  'check.functionOutput': () => ({ model: calling([definition({ outputs: ['z'] })]), says: /"z" of function F/ }),
};

/** Rules that cannot be broken without a second one. */
const companions: Partial<Record<RuleId, readonly RuleId[]>> = {
  'check.cycle': ['check.notSorted'],
  'check.emptyNode': ['check.inputCount', 'check.outputCount'],
  'check.storedType': ['check.contradictsStored'],
};

describe('checker', () => {
  it('finds nothing in sound models', async () => {
    for (const sound of [
      model(),
      calling([definition()]),
      calling([definition({ attributes: ['slope'], nodes: [leaky(reference, 'a', 'b')] })]),
      model({ inputs: [x, condition], nodes: [branches(body([relu('x', 't')], [makeValue('t', 'float32', [2, 3])]))] }),
      model({ nodes: [makeNode('Relu', ['x'], ['y'], { __internal__: string('kept') })] }),
      sparse([1n, 3n]),
    ]) assert.deepEqual(await checkModel(sound), []);
  });

  for (const { id, severity, ...rule } of checkRules) {
    it(`tells ${id}`, async () => {
      const { model: made, says } = broken[id]();
      const problems = await checkModel(made);
      const found = problems.find((problem) => problem.rule === id);
      assert.ok(found, `only ${problems.map((problem) => problem.rule).join(', ')}`);
      assert.equal(found.severity, severity);
      assert.match(say(found.rule, found.params), says);
      assert.doesNotMatch(say(found.rule, found.params, 'zh-cn') + say(found.rule, found.params), /\{|\}/);
      const others = problems.map((problem) => problem.rule).filter((other) => other !== id && !companions[id]?.includes(other));
      assert.deepEqual(others, []);
      const lenient = (await checkModel(made, { mode: 'lenient' })).find((problem) => problem.rule === id);
      assert.equal(lenient?.severity, severity === 'error' && 'accepted' in rule ? 'warning' : severity);
    });
  }

  it('has a text for each rule and a rule for each text', () => {
    const told = Object.keys(texts).filter((code) => code.startsWith('check.'));
    assert.deepEqual(checkRules.map(({ id }) => id as string).sort(), told.sort());
  });

  it('names node, operator, opset and domain', async () => {
    const [found] = await checkModel(model({ nodes: [makeNode('Relu', ['x', 'x'], ['y'], {}, { name: 'first' })] }));
    assert.equal(found?.node, 'first');
    assert.deepEqual({ op: found?.params['op'], opset: found?.params['opset'], domain: found?.params['domain'] }, { op: 'Relu', opset: 21, domain: 'ai.onnx' });
  });

  it('takes the schemas of onnxruntime as a hint only in lenient mode', async () => {
    const made = model({ nodes: [makeNode('FusedMatMul', ['x'], ['y'], {}, { domain: 'com.microsoft' })] }, { '': 21, 'com.microsoft': 1 });
    const severity = async (mode: 'strict' | 'lenient'): Promise<unknown> => (await checkModel(made, { mode })).find(({ rule }) => rule === 'check.inputCount')?.severity;
    assert.equal(await severity('strict'), 'error');
    assert.equal(await severity('lenient'), 'warning');
  });

  it('refuses an invalid result with the pass, the node and the rule', async () => {
    const invalid = model({ nodes: [makeNode('Relux', ['x'], ['y'], {}, { name: 'first' })] });
    await assert.rejects(requireValid(invalid, 'quantize.static', model()), (error: Error & { code?: string; node?: string }) => {
      assert.equal(error.code, 'invalidResult');
      assert.equal(error.node, 'first');
      assert.match(error.message, /quantize\.static.*"first" \(Relux, opset 21\).*no operator Relux/);
      return true;
    });
    // Not the pass's mistake: onnxruntime takes it, or the model came with it.
    await requireValid(model({ outputs: [{ name: 'y' }] }), 'cleanup', model());
    await requireValid(invalid, 'cleanup', invalid);
  });
});

describe('checker on hostile models', () => {
  it('takes time in proportion to the size, and tells a rule a thousand times at most', async function () {
    this.timeout(20_000);
    const many = 50_000;
    const broken = model({
      nodes: Array.from({ length: many }, (_, index) => makeNode('Relux', [`gone${index}`], [`v${index}`])),
      outputs: Array.from({ length: many }, (_, index) => ({ name: `v${index}` })),
      inputs: Array.from({ length: many }, (_, index) => ({ name: `i${index}` })),
    });
    broken.functions.push(...Array.from({ length: 5000 }, (_, index) => definition({
      name: `F${index}`, opsets: new Map([['own', 1]]), nodes: [makeNode(`F${(index + 1) % 5000}`, ['a'], ['b'], {}, { domain: 'own' })],
    })));
    const start = performance.now();
    const problems = await checkModel(broken);
    // It takes about a second; quadratic work would take minutes.
    assert.ok(performance.now() - start < 10_000);
    for (const id of ['check.untypedInput', 'check.unknownOperator', 'check.notMade'] as const) assert.equal(problems.filter(({ rule }) => rule === id).length, 1000, id);
    assert.ok(problems.some(({ rule }) => rule === 'check.functionRecursive'));
  });
});
