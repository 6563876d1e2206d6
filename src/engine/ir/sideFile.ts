// Plans a model with its large weights in a side file. Where the weights are in one already, the new side file is a copy of
// it as it is, with what is new behind it: whole files copy fast, and offsets stay.

import type { ByteSink, ByteSource } from '../ports';
import { encodeWith, requireProtobuf, withoutLocation } from './codec';
import { payloadLength, writePayload, writePieces } from './expand';
import type { Graph, Model, Node, Tensor, TensorData } from './model';

/** Tensors below this many bytes stay in the model file (the threshold of ONNX's own external_data_helper). */
const SIDE_FILE_THRESHOLD = 1024;
/** Offsets in a side file are multiples of a page, so that it can be memory-mapped (ONNX, external data). */
const SIDE_FILE_ALIGNMENT = 4096;
/** A side file is copied whole when at least this share of it is still in use. */
const WORTH_KEEPING = 0.9;

export interface SideFilePlan {
  /** Streams the side file. */
  writeData(sink: ByteSink): Promise<void>;
  writeGraph(sink: ByteSink): Promise<void>;
  readonly dataBytes: number;
  readonly graphBytes: number;
}

/**
 * @param location name of the side file, beside the model.
 * @throws EngineError `modelTooLarge` when what has to stay in the model file exceeds what protobuf holds.
 */
export function planSideFile(model: Model, location: string): SideFilePlan {
  const base = wholeSideFile(model);
  const placed: { readonly data: TensorData; readonly offset: number }[] = [];
  const start = base?.size ?? 0;
  let end = start;
  const entries = (offset: number, length: number): ReadonlyMap<string, string> =>
    new Map([['location', location], ['offset', String(offset)], ['length', String(length)]]);
  const expansion = encodeWith(model, (_tensor, data) => {
    if ('source' in data.at && data.at.external !== undefined && data.at.source === base) return { external: entries(data.at.offset, data.at.length) };
    const length = payloadLength(data);
    if (!isMovable(data) || length < SIDE_FILE_THRESHOLD) return { inline: withoutLocation(data) };
    const offset = Math.ceil(end / SIDE_FILE_ALIGNMENT) * SIDE_FILE_ALIGNMENT;
    placed.push({ data, offset });
    end = offset + length;
    return { external: entries(offset, length) };
  });
  requireProtobuf(expansion);
  return {
    dataBytes: end,
    graphBytes: expansion.length,
    async writeData(sink) {
      if (base !== undefined) await writePayload({ encoding: 'raw', at: { source: base, offset: 0, length: base.size } }, sink);
      let at = start;
      for (const { data, offset } of placed) {
        await sink.write(new Uint8Array(offset - at));
        await writePayload(data, sink);
        at = offset + payloadLength(data);
      }
    },
    writeGraph: (sink) => writePieces(expansion, sink),
  };
}

/** Only raw_data may be external (onnx.proto, TensorProto.external_data); packed floats have the same bytes, packed varints not. */
export function isMovable(data: TensorData): boolean {
  return data.encoding === 'raw' || data.encoding === 'float' || data.encoding === 'double';
}

/** Whether any weights of the model are in a side file. */
export function hasSideFile(model: Model): boolean {
  for (const { at } of references(model)) if (at.external !== undefined) return true;
  return false;
}

/** The side file that holds the most, if nearly all of it is still in use. */
function wholeSideFile(model: Model): ByteSource | undefined {
  const used = new Map<ByteSource, Map<number, number>>();
  for (const { at: { source, offset, length, external } } of references(model)) {
    if (external === undefined) continue;
    const ranges = used.get(source) ?? new Map<number, number>();
    used.set(source, ranges.set(offset, length));
  }
  const [best] = [...used]
    .map(([source, ranges]) => ({ source, bytes: [...ranges.values()].reduce((sum, length) => sum + length, 0) }))
    .sort((a, b) => b.bytes - a.bytes);
  return best !== undefined && best.bytes >= best.source.size * WORTH_KEEPING ? best.source : undefined;
}

type Reference = TensorData & { readonly at: Extract<TensorData['at'], { readonly source: ByteSource }> };

/** Payloads on disk, those in subgraphs and functions included. */
function* references(model: Model): Generator<Reference> {
  const graphs = [model.graph, ...model.trainingInfo.flatMap((info) => [info.initialization, info.algorithm])];
  for (const tensor of [...graphs.flatMap((graph) => (graph === undefined ? [] : [...tensorsOf(graph)])), ...model.functions.flatMap(({ nodes }) => [...tensorsIn(nodes)])]) {
    if ('at' in tensor.data && 'source' in tensor.data.at) yield tensor.data as Reference;
  }
}

function* tensorsOf(graph: Graph): Generator<Tensor> {
  yield* graph.initializers.values();
  for (const { values, indices } of graph.sparseInitializers) yield* [values, indices];
  yield* tensorsIn(graph.nodes);
}

function* tensorsIn(nodes: readonly Node[]): Generator<Tensor> {
  for (const node of nodes) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === 'tensor') yield attribute.value;
      else if (attribute.kind === 'tensors') yield* attribute.value;
      else if (attribute.kind === 'graph') yield* tensorsOf(attribute.value);
      else if (attribute.kind === 'graphs') for (const graph of attribute.value) yield* tensorsOf(graph);
    }
  }
}
