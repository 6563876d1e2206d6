// Random models for laws: every kind of attribute, type and tensor, names and texts of any characters, nested graphs.
// They are well-formed records, not valid graphs: nothing runs them.

import fc from 'fast-check';
import { type DataType, dataTypes, bytesOf } from '../../../../src/engine/ir/dataTypes';
import { type Attribute, type Dim, elementCount, type FunctionDefinition, type Graph, type Model, NO_DATA, type Node, type SparseTensor, type Tensor, type ValueInfo, type ValueType } from '../../../../src/engine/ir/model';
import { writeOpaque } from '../../../../src/engine/ir/text/opaque';

const bare = fc.constantFrom('x', 'y1', '_z', 'conv', 'float', 'seq', 'nan', 'optional', 'int64');
const name = fc.oneof({ weight: 3, arbitrary: bare }, { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }) }, { weight: 1, arbitrary: fc.constantFrom('a/b:0', 'quo"te', 'back\\slash', '#@ {}', 'line\nbreak') });
const text = fc.oneof(fc.constant(''), name);
const entries = fc.uniqueArray(fc.tuple(name, text), { maxLength: 2, selector: ([key]) => key }).map((pairs) => new Map(pairs));
/** The field, or nothing. */
function maybe<Key extends string, Value>(key: Key, value: fc.Arbitrary<Value>): fc.Arbitrary<{ readonly [K in Key]?: Value }> {
  return fc.option(fc.record({ [key]: value }), { freq: 3, nil: {} });
}

const elementType = fc.constantFrom(...dataTypes.filter((type) => type !== 'undefined'));
const dim: fc.Arbitrary<Dim> = fc.oneof(fc.nat(9), name, fc.constant(null));
const shape = fc.option(fc.array(dim, { maxLength: 3 }), { nil: null, freq: 5 });

const { valueType } = fc.letrec<{ valueType: ValueType }>((tie) => ({
  valueType: fc.oneof({ maxDepth: 2 },
    fc.tuple(elementType, shape).map(([type, dims]): ValueType => ({ kind: 'tensor', type, shape: dims })),
    fc.tuple(elementType, shape).map(([type, dims]): ValueType => ({ kind: 'sparseTensor', type, shape: dims })),
    fc.constantFrom('opaque', 'ai.onnx').map((word): ValueType => ({ kind: 'opaque', bytes: writeOpaque({ domain: word, name: word }) })),
    tie('valueType').map((element): ValueType => ({ kind: 'sequence', element })),
    tie('valueType').map((element): ValueType => ({ kind: 'optional', element })),
    fc.tuple(elementType, tie('valueType')).map(([key, value]): ValueType => ({ kind: 'map', key, value }))),
}));
/** Denotations are kept of the outer type. */
const outerType = fc.oneof(valueType, fc.constant<ValueType>({ kind: 'opaque', bytes: new Uint8Array(0) }), fc.tuple(elementType, fc.array(dim, { minLength: 1, maxLength: 3 }), name).map(([type, dims, denotation]): ValueType =>
  ({ kind: 'tensor', type, shape: dims, denotation, dimDenotations: dims.map((_, index) => (index === 0 ? denotation : '')) })));

const value: fc.Arbitrary<ValueInfo> = fc.tuple(name, maybe('type', outerType), maybe('docString', name), maybe('metadata', entries.filter(({ size }) => size > 0)))
  .map(([own, ...rest]) => Object.assign({ name: own }, ...rest) as ValueInfo);
const values = fc.uniqueArray(value, { maxLength: 6, selector: (info) => info.name });
const byName = <Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> => new Map(items.map((item) => [item.name, item]));

const dims = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
const documentation = fc.tuple(maybe('docString', name), maybe('metadata', entries.filter(({ size }) => size > 0))).map((parts) => Object.assign({}, ...parts) as Pick<Tensor, 'docString' | 'metadata'>);

function tensorData(type: DataType, count: number): fc.Arbitrary<Tensor['data']> {
  if (type === 'string') return fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: count, maxLength: count }).map((strings) => ({ strings }));
  const length = bytesOf(type, count);
  const raw = fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ encoding: 'raw' as const, at: { bytes } }));
  const varints = fc.array(fc.integer({ min: 0, max: 127 }), { minLength: count, maxLength: count }).map((bytes) => ({ encoding: 'int32' as const, at: { bytes: Uint8Array.from(bytes) } }));
  return fc.oneof({ weight: 4, arbitrary: raw }, { weight: 1, arbitrary: varints }, { weight: 1, arbitrary: fc.constant(NO_DATA) });
}

const tensor: fc.Arbitrary<Tensor> = fc.tuple(text, elementType, dims, documentation).chain(([own, type, shapeOf, documented]) =>
  tensorData(type, elementCount(shapeOf)).map((data) => ({ name: own, type, dims: shapeOf, data, ...documented })));
const sparse: fc.Arbitrary<SparseTensor> = fc.record({ values: tensor, indices: tensor, dims });

// float attributes are float32; NaN is not equal to itself and is tested apart.
const float = fc.float({ noNaN: true });
const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.oneof(text.map((string) => new TextEncoder().encode(string)), fc.uint8Array({ maxLength: 4 }));
const list = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> => fc.array(item, { maxLength: 3 });
const of = <Kind extends Attribute['kind'], Value>(kind: Kind, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<{ kind: Kind; value: Value }> => arbitrary.map((content) => ({ kind, value: content }));

function attribute(depth: number): fc.Arbitrary<Attribute> {
  const nested = depth > 0 ? [of('graph', graph(depth - 1)), of('graphs', list(graph(depth - 1)))] : [];
  const plain = fc.oneof(
    of('float', float), of('int', int), of('string', bytes), of('tensor', tensor), of('sparseTensor', sparse), of('type', outerType),
    of('floats', list(float)), of('ints', list(int)), of('strings', list(bytes)), of('tensors', list(tensor)), of('sparseTensors', list(sparse)), of('types', list(outerType)),
    fc.tuple(name, fc.integer({ min: 1, max: 14 })).map(([reference, type]) => ({ kind: 'reference' as const, value: reference, type })), ...nested);
  return fc.tuple(plain, maybe('docString', name)).map(([content, documented]) => ({ ...content, ...documented }));
}

const attributes = (depth: number): fc.Arbitrary<Map<string, Attribute>> =>
  fc.uniqueArray(fc.tuple(name, attribute(depth)), { maxLength: 3, selector: ([key]) => key }).map((pairs) => new Map(pairs));

function node(depth: number): fc.Arbitrary<Node> {
  return fc.record({
    name: text, opType: name, domain: fc.oneof(fc.constantFrom('', 'ai.onnx', 'com.my-own'), name), overload: text,
    inputs: fc.array(text, { maxLength: 3 }), outputs: fc.array(text, { maxLength: 2 }), attributes: attributes(depth), docString: text, metadata: entries,
  });
}

function graph(depth: number): fc.Arbitrary<Graph> {
  return fc.record({
    name: text, docString: text, nodes: fc.array(node(depth), { maxLength: 3 }),
    initializers: fc.uniqueArray(tensor, { maxLength: 3, selector: (item) => item.name }).map(byName),
    sparseInitializers: fc.array(sparse, { maxLength: 1 }), inputs: values, outputs: values, valueInfo: values.map(byName),
    quantizationAnnotations: fc.uniqueArray(fc.tuple(name, entries), { maxLength: 1, selector: ([key]) => key }).map((pairs) => new Map(pairs)), metadata: entries,
  });
}

const opsets = fc.uniqueArray(fc.tuple(text, fc.integer({ min: 1, max: 25 })), { maxLength: 2, selector: ([domain]) => domain }).map((pairs) => new Map(pairs));

const definition: fc.Arbitrary<FunctionDefinition> = fc.record({
  name: text, domain: text, overload: text, inputs: list(name), outputs: list(name), attributes: list(name), attributeDefaults: attributes(0),
  nodes: fc.array(node(1), { maxLength: 2 }), opsets, valueInfo: values.map(byName), docString: text, metadata: entries,
});

export const randomModel: fc.Arbitrary<Model> = fc.record({
  irVersion: fc.integer({ min: 3, max: 13 }), opsets, writesDefaultDomain: fc.boolean(), producerName: text, producerVersion: text, domain: text,
  modelVersion: int, docString: text, metadata: entries, graph: graph(2), functions: fc.array(definition, { maxLength: 2 }),
  trainingInfo: fc.constant([]), deviceConfigurations: fc.constant([]), sources: fc.constant([]),
});
