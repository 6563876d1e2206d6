// The text form: what is printed reads back as the same model, whatever the model; what onnx's own printer writes is read
// too; and large weights are neither printed nor read.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRegistry, equals, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { file_onnx, ModelProtoSchema } from 'onnx-buf';
import { makeGraph, makeModel, makeNode, makeValue } from '../../../../src/engine/ir/build';
import { encodeModel, readModel, releaseModel } from '../../../../src/engine/ir/codec';
import type { Model } from '../../../../src/engine/ir/model';
import { tensorFrom } from '../../../../src/engine/ir/tensors';
import { parseModel } from '../../../../src/engine/ir/text/parser';
import { printModel, printModelWithPlaces } from '../../../../src/engine/ir/text/printer';
import { nodeFiles } from '../../../../src/runtime/files';
import { assetPath, withAssets } from '../../../support/assets';
import { randomModel } from './randomModels';

const TESTDATA = '/usr/share/libonnx-testdata/data';
const FIXTURES = join(__dirname, 'fixtures');
const registry = createRegistry(file_onnx);

async function assertSame(found: Model, wanted: Model, what: string): Promise<void> {
  const [a, b] = [fromBinary(ModelProtoSchema, await encodeModel(found)), fromBinary(ModelProtoSchema, await encodeModel(wanted))];
  assert.ok(equals(ModelProtoSchema, a, b, { registry, unknown: true }), `${what} changed`);
}

/** Prints, parses, compares field by field, and prints again. */
async function assertRoundTrip(model: Model, what: string, longest: number): Promise<void> {
  const text = await printModel(model, { longest });
  const again = parseModel(text, longest === Infinity ? {} : { weights: model });
  await assertSame(again, model, what);
  assert.equal(await printModel(again, { longest }), text, `${what}: the text is no fixed point`);
}

async function withFile(path: string, use: (model: Model) => Promise<void>): Promise<void> {
  const model = await readModel(await nodeFiles.open(path), nodeFiles);
  try {
    await use(model);
  } finally {
    await releaseModel(model);
  }
}

function modelsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.onnx')).map((name) => join(folder, name));
}

const example = (): Model => makeModel(makeGraph({
  name: 'main',
  nodes: [
    makeNode('Conv', ['x', 'w'], ['c'], { strides: { kind: 'ints', value: [2n, 2n] } }, { name: 'conv/1' }),
    makeNode('Clip', ['c', '', 'six'], ['y']),
  ],
  inputs: [makeValue('x', 'float32', ['N', 3, 8, 8])],
  outputs: [makeValue('y', 'float32', null)],
  initializers: [
    tensorFrom('w', { type: 'float32', dims: [4, 3, 3, 3], data: new Float32Array(108) }),
    tensorFrom('six', { type: 'float32', dims: [], data: Float32Array.of(6) }),
  ],
}), { '': 13 }, 7);

const exampleText = `<
   ir_version: 7,
   opset_import: ["" : 13],
   producer_name: "decant"
>
main (float[N,3,8,8] x) => (float[] y)
<
   float[4,3,3,3] w = {...},
   float six = {6}
>
{
   ["conv/1"] c = Conv <strides = [2, 2]> (x, w)
   y = Clip (c, "", six)
}
`;

describe('the text form', () => {
  it('is ONNX\'s syntax, one line a node, large weights left out', async () => {
    assert.equal(await printModel(example(), { notes: false }), exampleText);
  });

  it('says where each operator is, and what may be folded', async () => {
    const model = example();
    const { text, placeOf, blocks } = await printModelWithPlaces(model);
    const lines = text.split('\n');
    for (const node of model.graph.nodes) {
      const { line, column } = placeOf.get(node) ?? { line: -1, column: 0 };
      assert.ok(lines[line]?.slice(0, column).endsWith(` = ${node.opType}`), lines[line]);
    }
    for (const { first, last } of blocks) assert.deepEqual([lines[first], lines[last]], ['<', '>']);
  });

  it('gives every random model back', async () => {
    await fc.assert(fc.asyncProperty(randomModel, (model) => assertRoundTrip(model, 'a random model', Infinity)), { numRuns: 200 });
  });

  it('gives the operator models of libonnx-testdata back', async function () {
    if (!existsSync(TESTDATA)) {
      console.warn(`SKIPPED: ${TESTDATA} is absent (apt-get install libonnx-testdata)`);
      return this.skip();
    }
    this.timeout(60_000);
    const models = modelsBelow(TESTDATA);
    assert.ok(models.length > 1000, `${models.length} models`);
    for (const path of models) await withFile(path, (model) => assertRoundTrip(model, path, 8));
  });

  withAssets('of real models', () => {
    it('gives every asset back, with the weights it left out', async () => {
      for (const folder of ['models', 'topologies']) {
        for (const path of modelsBelow(assetPath(folder))) await withFile(path, (model) => assertRoundTrip(model, path, 8));
      }
    });

    it('needs no original where all weights are printed', () =>
      withFile(assetPath('models/resnet8-cifar10.onnx'), (model) => assertRoundTrip(model, 'resnet8', Infinity)));

    it('reads no large weights', async () => {
      const source = await nodeFiles.open(assetPath('models/fashion-resnet18.onnx'));
      let read = 0;
      const counting = { name: source.name, size: source.size, close: () => source.close(), read: (offset: number, length: number) => { read += length; return source.read(offset, length); } };
      const model = await readModel(counting, nodeFiles);
      const before = read;
      await printModel(model);
      assert.equal(read, before);
      await releaseModel(model);
    });
  });

  it('reads what onnx\'s own printer writes', async function () {
    if (!existsSync(TESTDATA)) {
      console.warn(`SKIPPED: ${TESTDATA} is absent (apt-get install libonnx-testdata)`);
      return this.skip();
    }
    const plain = { longest: Infinity, notes: false };
    // onnx's printer writes empty producers and names where the file sets them; ours without notes leaves the names.
    const comparable = (text: string): string => text.replace(/\s*(producer_name|producer_version|domain|doc_string): "",?/g, '').replaceAll('[""] ', '');
    for (const name of readdirSync(FIXTURES)) {
      const theirs = parseModel(readFileSync(join(FIXTURES, name), 'utf8'));
      await withFile(join(TESTDATA, 'node', name.replace('.txt', ''), 'model.onnx'), async (model) => {
        assert.equal(comparable(await printModel(theirs, plain)), comparable(await printModel(model, plain)), name);
      });
    }
  });

  it('prints floats with the fewest digits that read back', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.float(), { maxLength: 8 }), async (floats) => {
      const model = makeModel(makeGraph({ nodes: [], inputs: [], outputs: [], initializers: [tensorFrom('w', { type: 'float32', dims: [floats.length], data: Float32Array.from(floats) })] }));
      await assertSame(parseModel(await printModel(model, { notes: false, longest: Infinity })), { ...model, writesDefaultDomain: true }, floats.join());
    }));
  });

  it('reads what people write by hand: types where they help, words for floats, comments, defaults of inputs', () => {
    const { graph } = parseModel(`<ir_version: 8, opset_import: ["" : 18]>
      # the type makes a whole number a float
      main (float[2] x, float s = {2.5}) => (y) {
        [] y = com.microsoft.Op : two <a: float = 3, b = nan, c = -inf, d = [1, 2.5], e: strings = []> (x, , s,)
        z = Op (x) <f = "after the inputs">
      }`);
    const [first, second] = graph.nodes;
    assert.deepEqual([first?.domain, first?.overload, first?.inputs], ['com.microsoft', 'two', ['x', '', 's']]);
    assert.deepEqual([...(first?.attributes ?? [])], [
      ['a', { kind: 'float', value: 3 }], ['b', { kind: 'float', value: NaN }], ['c', { kind: 'float', value: -Infinity }],
      ['d', { kind: 'floats', value: [1, 2.5] }], ['e', { kind: 'strings', value: [] }],
    ]);
    assert.deepEqual(second?.attributes.get('f')?.kind, 'string');
    assert.deepEqual(graph.outputs, [{ name: 'y' }]);
    assert.deepEqual(graph.initializers.get('s')?.dims, []);
  });

  it('prints ten thousand nodes at once', async () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => makeNode('Relu', [`t${index}`], [`t${index + 1}`], {}, { name: `relu/${index}` }));
    const model = makeModel(makeGraph({ nodes, inputs: [], outputs: [] }));
    const lines = (await printModel(model)).split('\n');
    assert.equal(lines.filter((line) => line.includes('Relu')).length, 10_000);
  });
});

describe('a text with a mistake', () => {
  const refused = (text: string, wanted: { readonly code: string; readonly params?: Readonly<Record<string, unknown>> }, weights?: Model): void => {
    assert.throws(() => parseModel(text, weights && { weights }), (error: unknown) => {
      const { code, params } = error as { code: string; params: Record<string, unknown> };
      assert.equal(code, wanted.code);
      for (const [key, value] of Object.entries(wanted.params ?? {})) assert.equal(params[key], value, key);
      return true;
    });
  };
  const inMain = (node: string): string => `<ir_version: 8, opset_import: ["" : 18]>\nmain (float x) => (float y)\n{\n   ${node}\n}\n`;

  it('is refused with line, column and what was expected', () => {
    refused(inMain('y = Relu x)'), { code: 'textSyntax', params: { line: 4, column: 13, expected: '"("', found: 'x' } });
    refused(inMain('y = Relu (x'), { code: 'textSyntax', params: { line: 5, column: 1, expected: '")"', found: '}' } });
    refused(inMain('y = (x)'), { code: 'textSyntax', params: { line: 4, column: 8, expected: 'text.want.operator' } });
    refused(inMain('y = Relu <axis = > (x)'), { code: 'textSyntax', params: { line: 4, column: 21, expected: 'text.want.value' } });
    refused(inMain('y = Relu <axes = []> (x)'), { code: 'textSyntax', params: { line: 4, expected: 'text.want.listType' } });
    refused(inMain('y = Relu <a = 1, a = 2> (x)'), { code: 'textSyntax', params: { line: 4, expected: 'text.want.otherAttribute' } });
    refused(inMain('y = Relu <a = "open> (x)'), { code: 'textSyntax', params: { line: 4, column: 18, expected: 'text.want.closingQuote' } });
    refused('<ir: 8> main () => () {}', { code: 'textSyntax', params: { line: 1, column: 2, expected: 'text.want.headerKey', found: 'ir' } });
    refused('main (flot x) => () {}', { code: 'textSyntax', params: { line: 1, column: 12, expected: '")"', found: 'x' } });
    refused('main () => () {', { code: 'textSyntax', params: { found: 'text.found.end' } });
  });

  it('is refused where values and shape disagree, or a name is there twice', () => {
    refused('main () => () <float[3] w = {1, 2}> {}', { code: 'textValueCount', params: { line: 1, found: 2, wanted: 3 } });
    refused('main () => () <int8[1] w = {1.5}> {}', { code: 'textSyntax', params: { expected: 'text.want.integer' } });
    refused('main () => () <float w = {1}, float w = {2}> {}', { code: 'textDuplicate', params: { name: 'w' } });
  });

  it('is refused where a comment of ours was broken', () => {
    refused('#@ {"doc_string": 5}\nmain () => () {}', { code: 'textNote', params: { line: 1, field: 'doc_string' } });
    refused(`#@ ${'{"item":'.repeat(100_000)}{}${'}'.repeat(100_000)}\nmain () => () {}`, { code: 'textNote', params: { field: 'item' } });
    refused('#@ {oops\nmain () => () {}', { code: 'textNote', params: { line: 1, field: 'JSON' } });
  });

  it('is refused where weights are missing or are others', () => {
    refused(exampleText, { code: 'textWeights', params: { tensor: 'w', reason: 'text.weights.noOriginal' } });
    refused(exampleText.replace('4,3,3,3', '4,3,3,9'), { code: 'textWeights', params: { reason: 'text.weights.otherShape' } }, example());
    refused(exampleText.replace('3] w', '3] v'), { code: 'textWeights', params: { tensor: 'v', reason: 'text.weights.notThere' } }, example());
  });

  it('is never a crash', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(exampleText.length - 1), fc.constantFrom('"', '{', '<', '(', '#', '-', '9', 'e', ' ', '\n', '@', '[', ']', '')), { minLength: 1, maxLength: 6 }), (changes) => {
      const characters = [...exampleText];
      for (const [at, character] of changes) characters[at] = character;
      try {
        parseModel(characters.join(''), { weights: example() });
      } catch (error) {
        assert.equal((error as Error).name, 'EngineError', String(error));
      }
    }), { numRuns: 1000 });
    refused(`main () => (${'seq('.repeat(1000)}`, { code: 'textSyntax', params: { expected: 'text.want.shallower' } });
    refused(`main () => () {${'= If () <g = a () => () {'.repeat(1000)}`, { code: 'textSyntax', params: { expected: 'text.want.shallower' } });
  });
});
