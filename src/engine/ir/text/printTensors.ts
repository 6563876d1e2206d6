// Tensors: type, name and values; values of large ones are left out and stay where they are.

import { payloadLength } from '../expand';
import { elementCount, NO_DATA, type Attribute, type Graph, type Model, type Node, type SparseTensor, type Tensor, type TensorData } from '../model';
import { carriedNote, isEmpty, type Note } from './notes';
import { identifier, quoted, typeName } from './syntax';
import { literalCount, literalsOf, payloadOf } from './tensorValues';
import { base64, isUtf8, sameBytes, utf8Text } from './utf8';

/** Stands in braces for values that are left out. */
export const ELIDED = '...';

/** An initializer has `=` behind its name; the value of an attribute is recognised by onnx's parser only with a bare name or none. */
type TensorPlace = 'initializer' | 'value';

export interface TensorPrinter {
  text(tensor: Tensor, as: TensorPlace): string;
  note(tensor: Tensor, as: TensorPlace): Note;
  sparseText(tensor: SparseTensor): string;
  sparseNote(tensor: SparseTensor): Note;
}

/** Payloads of the tensors that are printed with values, read before printing so that it needs not wait. */
export type Payloads = ReadonlyMap<TensorData, Uint8Array>;

export function tensorPrinter(longest: number, payloads: Payloads): TensorPrinter {
  const typed = (tensor: Tensor): string => `${typeName(tensor.type)}${tensor.dims.length === 0 ? '' : `[${tensor.dims.join(',')}]`}`;

  const isWritten = (name: string, as: TensorPlace): boolean => name !== '' && (as === 'initializer' || identifier(name) === name);

  function text(tensor: Tensor, as: TensorPlace): string {
    const name = isWritten(tensor.name, as) ? ` ${identifier(tensor.name)}` : '';
    return `${typed(tensor)}${name}${as === 'initializer' ? ' =' : ''} ${data(tensor)}`;
  }

  function data(tensor: Tensor): string {
    if ('strings' in tensor.data) {
      return tensor.data.strings.length > longest ? `{${ELIDED}}` : `{${tensor.data.strings.map((value) => quoted(utf8Text(value))).join(', ')}}`;
    }
    const external = externalEntries(tensor.data);
    if (external !== undefined) return `[${external.map(([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(', ')}]`;
    const bytes = payloads.get(tensor.data);
    return bytes === undefined ? `{${ELIDED}}` : `{${(literalsOf(tensor.type, tensor.data.encoding, bytes) ?? []).join(', ')}}`;
  }

  function note(tensor: Tensor, as: TensorPlace): Note {
    const { name, segment } = tensor;
    return {
      ...(name !== '' && !isWritten(name, as) && { name }),
      ...carriedNote(tensor),
      ...(segment && { segment: [String(segment.begin), String(segment.end)] as const }),
      ...storageNote(tensor),
    };
  }

  function storageNote(tensor: Tensor): Note {
    if ('strings' in tensor.data) {
      const { strings } = tensor.data;
      return strings.length > longest || strings.every(isUtf8) ? {} : { strings: strings.map(base64) };
    }
    if (tensor.data === NO_DATA) return { storage: 'none' };
    const bytes = payloads.get(tensor.data);
    if (bytes === undefined) return {};
    const { encoding } = tensor.data;
    const literals = literalsOf(tensor.type, encoding, bytes);
    const exact = literals?.length === literalCount(tensor.type, tensor.dims) && sameBytes(payloadOf(tensor.type, encoding, literals), bytes);
    return { ...(encoding !== 'raw' && { storage: encoding }), ...(!exact && { bytes: base64(bytes) }) };
  }

  return {
    text,
    note,
    sparseText({ values, indices, dims }) {
      const shape = dims.length === 0 ? '' : `[${dims.join(',')}]`;
      return `sparse_tensor(${typeName(values.type)}${shape})${values.name === '' ? '' : ` ${identifier(values.name)}`} = {${text(values, 'value')}, ${text(indices, 'value')}}`;
    },
    sparseNote({ values, indices }) {
      const [valuesNote, indicesNote] = [note(values, 'value'), note(indices, 'value')];
      return { ...(!isEmpty(valuesNote) && { values: valuesNote }), ...(!isEmpty(indicesNote) && { indices: indicesNote }) };
    },
  };
}

/** `external_data` of a tensor in a side file, as it is written. */
function externalEntries(data: TensorData): readonly (readonly [string, string])[] | undefined {
  if ('bytes' in data.at || data.at.external === undefined) return undefined;
  const { offset, length, external: { location, checksum } } = data.at;
  return [['location', location], ['offset', String(offset)], ['length', String(length)], ...(checksum === undefined ? [] : [['checksum', checksum] as const])];
}

/** Of an element: complex128; a varint has ten. More is a tensor whose bytes disagree with its shape. */
const MOST_BYTES = 16;

/** Reads the payloads of all tensors that are printed with values: at most `longest` elements, and not in a side file. */
export async function readPayloads(model: Model, longest: number): Promise<Payloads> {
  const payloads = new Map<TensorData, Uint8Array>();
  const waiting: Promise<void>[] = [];
  for (const { data, dims } of tensorsOf(model)) {
    if ('strings' in data || externalEntries(data) !== undefined || payloads.has(data)) continue;
    if (data !== NO_DATA && (elementCount(dims) > longest || payloadLength(data) > longest * MOST_BYTES)) continue;
    if ('bytes' in data.at) payloads.set(data, data.at.bytes);
    else waiting.push(data.at.source.read(data.at.offset, data.at.length).then((bytes) => void payloads.set(data, bytes)));
  }
  await Promise.all(waiting);
  return payloads;
}

function* tensorsOf(model: Model): Iterable<Tensor> {
  yield* tensorsOfGraph(model.graph);
  for (const { nodes, attributeDefaults } of model.functions) {
    yield* tensorsOfNodes(nodes);
    yield* tensorsOfAttributes(attributeDefaults.values());
  }
}

function* tensorsOfGraph(graph: Graph): Iterable<Tensor> {
  yield* graph.initializers.values();
  for (const { values, indices } of graph.sparseInitializers) yield* [values, indices];
  yield* tensorsOfNodes(graph.nodes);
}

function* tensorsOfNodes(nodes: readonly Node[]): Iterable<Tensor> {
  for (const node of nodes) yield* tensorsOfAttributes(node.attributes.values());
}

function* tensorsOfAttributes(attributes: Iterable<Attribute>): Iterable<Tensor> {
  for (const attribute of attributes) {
    switch (attribute.kind) {
      case 'tensor': yield attribute.value; break;
      case 'tensors': yield* attribute.value; break;
      case 'graph': yield* tensorsOfGraph(attribute.value); break;
      case 'graphs': for (const graph of attribute.value) yield* tensorsOfGraph(graph); break;
      case 'sparseTensor': yield* [attribute.value.values, attribute.value.indices]; break;
      case 'sparseTensors': for (const { values, indices } of attribute.value) yield* [values, indices]; break;
      default: break;
    }
  }
}
