// Tensors with their values; values that were left out, or that are in a side file, come from the original model.

import { EngineError } from '../../error';
import { type Model, NO_DATA, type SparseTensor, type Tensor, type TensorData, type ValueType } from '../model';
import type { Lexer } from './lexer';
import { carriedFields, documented, type Note } from './notes';
import { parseType } from './parseTypes';
import { ELIDED } from './printTensors';
import { hasFloatLiterals, literalCount, payloadOf } from './tensorValues';
import { fromBase64, utf8Bytes } from './utf8';
import { sparsePaths, type TensorPath, tensorsByPath } from './weightPaths';

/** Where values come from that the text does not hold. */
export type WeightSource = (path: TensorPath, tensor: Pick<Tensor, 'name' | 'type' | 'dims'>) => Tensor['data'];

export function weightSource(original: Model | undefined): WeightSource {
  let byPath: ReadonlyMap<TensorPath, Tensor> | undefined;
  return (path, { name, type, dims }) => {
    byPath ??= original === undefined ? new Map() : tensorsByPath(original);
    const found = byPath.get(path);
    if (found === undefined) throw new EngineError('textWeights', { tensor: name, reason: original === undefined ? 'text.weights.noOriginal' : 'text.weights.notThere' });
    if (found.type !== type || found.dims.join() !== dims.join()) throw new EngineError('textWeights', { tensor: name, reason: 'text.weights.otherShape' });
    return found.data;
  };
}

/** The rest of a tensor behind its type and name: values, `{...}`, or the entries of a side file. */
export function parseTensorData(lexer: Lexer, head: { readonly type: ValueType; readonly name: string; readonly start: number }, note: Note, path: TensorPath, weights: WeightSource): Tensor {
  const { start } = head;
  const name = note.name ?? head.name;
  if (head.type.kind !== 'tensor' || head.type.shape === null) return lexer.fail('text.want.tensorShape', start);
  const dims = head.type.shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : lexer.fail('text.want.tensorShape', start)));
  const { type } = head.type;
  return {
    name,
    type,
    dims,
    data: parseData(lexer, { name, type, dims }, note, path, weights),
    ...documented(note),
    ...(note.segment && { segment: { begin: BigInt(note.segment[0]), end: BigInt(note.segment[1]) } }),
    ...carriedFields(note),
  };
}

function parseData(lexer: Lexer, tensor: Pick<Tensor, 'name' | 'type' | 'dims'>, note: Note, path: TensorPath, weights: WeightSource): Tensor['data'] {
  if (lexer.matches('[')) {
    do {
      lexer.string();
      lexer.expect(':');
      lexer.string();
    } while (lexer.matches(','));
    lexer.expect(']');
    return weights(path, tensor);
  }
  // onnx's own printer writes `...` without braces for types it cannot print.
  if (lexer.matchesWord(ELIDED)) return weights(path, tensor);
  lexer.expect('{');
  if (lexer.matchesWord(ELIDED)) {
    lexer.expect('}');
    return weights(path, tensor);
  }
  const start = lexer.place();
  const values: string[] = [];
  if (!lexer.matches('}')) {
    do values.push(parseValue(lexer, tensor));
    while (lexer.matches(','));
    lexer.expect('}');
  }
  return storedData(lexer, start, tensor, values, note);
}

function parseValue(lexer: Lexer, { type }: Pick<Tensor, 'type'>): string {
  if (type === 'string') return lexer.string();
  const start = lexer.place();
  const { kind, text } = lexer.literal();
  if (kind === 'string') return lexer.fail('text.want.value', start);
  return kind === 'int' || hasFloatLiterals(type) ? text : lexer.fail('text.want.integer', start);
}

function storedData(lexer: Lexer, start: number, { type, dims }: Pick<Tensor, 'type' | 'dims'>, values: readonly string[], note: Note): Tensor['data'] {
  if (type === 'string') return { strings: note.strings?.map(decoded) ?? values.map(utf8Bytes) };
  if (note.storage === 'none') return NO_DATA;
  const encoding: TensorData['encoding'] = note.storage ?? 'raw';
  if (note.bytes !== undefined) return { encoding, at: { bytes: decoded(note.bytes) } };
  if (values.length !== literalCount(type, dims)) {
    throw new EngineError('textValueCount', { ...lexer.position(start), found: values.length, wanted: literalCount(type, dims), shape: dims.join(', ') });
  }
  return { encoding, at: { bytes: payloadOf(type, encoding, values) } };
}

const decoded = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array(0);

/** `{values, indices}` behind `sparse_tensor(float[3,4]) name =`. */
export function parseSparseData(lexer: Lexer, type: ValueType, start: number, note: Note, path: TensorPath, weights: WeightSource): SparseTensor {
  if (type.kind !== 'sparseTensor' || type.shape === null) return lexer.fail('text.want.tensorShape', start);
  const dims = type.shape.map((dim) => (typeof dim === 'number' ? dim : lexer.fail('text.want.tensorShape', start)));
  const paths = sparsePaths(path);
  lexer.expect('{');
  const values = parseTensor(lexer, note.values ?? {}, paths.values, weights);
  lexer.expect(',');
  const indices = parseTensor(lexer, note.indices ?? {}, paths.indices, weights);
  lexer.expect('}');
  return { values, indices, dims };
}

/** `float[2] name {1, 2}`, the name and an equals sign being optional. */
function parseTensor(lexer: Lexer, note: Note, path: TensorPath, weights: WeightSource): Tensor {
  const start = lexer.place();
  const type = parseType(lexer);
  const name = parseTensorName(lexer);
  return parseTensorData(lexer, { type, name, start }, note, path, weights);
}

export function parseTensorName(lexer: Lexer): string {
  const name = lexer.next() === '"' ? lexer.string() : lexer.optionalWord();
  lexer.matches('=');
  return name;
}
