// Origins of nodes: made from the layers of the original model, saved in a model file and read back. They never raise the
// IR version: from IR 10 on they are in NodeProto.metadata_props, below in the model's metadata.

import { findLayers } from '../analysis/layers';
import { cloneModel } from '../ir/clone';
import type { Model, Node } from '../ir/model';
import { inferShapes } from '../ir/shapes/index';
import type { Origins } from './pass';
import { parsedMetadata } from './metadataJson';

/** Key of the original file's hash in the metadata of the model. */
const SOURCE_KEY = 'decant.source';
/** JSON: a list of layer ids on a node; `{layers, nodes}` with indices into `layers` on a model. */
const ORIGINS_KEY = 'decant.origins';
/** ONNX 1.16 brought NodeProto.metadata_props. */
const NODE_METADATA_IR = 10;

/** Every node comes from the layer it is in. */
export async function originalOrigins(model: Model): Promise<Origins> {
  const layers = findLayers(model.graph, await inferShapes(model));
  return new Map(layers.flatMap(({ id, nodes }) => nodes.map((node) => [keyOf(node), [id]] as const)));
}

/** Origins of a model that a pass made from another: nodes that it added belong to no layer. None where none are known. */
export function originsAfter({ graph }: Model, before: Origins): Origins {
  return before.size === 0 ? before : new Map(graph.nodes.map((node) => [keyOf(node), before.get(keyOf(node)) ?? []]));
}

export interface SavedOrigins {
  /** Hash of the original model file (sha256, hex). */
  readonly source: string;
  readonly origins: Origins;
}

/** The model with its origins in the metadata. A node that is its own layer is not written: that is what absence means. */
export function saveOrigins(model: Model, { source, origins }: SavedOrigins): Model {
  const saved = withoutOrigins(model);
  saved.metadata.set(SOURCE_KEY, source);
  const notable = saved.graph.nodes.flatMap((node) => {
    const layers = origins.get(keyOf(node)) ?? [];
    return layers.length === 1 && layers[0] === keyOf(node) ? [] : [{ node, layers }];
  });
  if (saved.irVersion >= NODE_METADATA_IR) {
    for (const { node, layers } of notable) node.metadata.set(ORIGINS_KEY, JSON.stringify(layers));
    return saved;
  }
  const layers = [...new Set(notable.flatMap((entry) => entry.layers))];
  const position = new Map(layers.map((layer, index) => [layer, index]));
  const nodes = Object.fromEntries(notable.map((entry) => [keyOf(entry.node), entry.layers.map((layer) => position.get(layer))]));
  saved.metadata.set(ORIGINS_KEY, JSON.stringify({ layers, nodes }));
  return saved;
}

/** The origins that `saveOrigins` wrote; undefined where there are none. */
export function savedOrigins(model: Model): SavedOrigins | undefined {
  const source = model.metadata.get(SOURCE_KEY);
  if (source === undefined) return undefined;
  const table = parsedMetadata(model.metadata.get(ORIGINS_KEY));
  const origins = new Map(model.graph.nodes.map((node) => {
    const layers = parsedMetadata(node.metadata.get(ORIGINS_KEY)) ?? fromTable(table, keyOf(node));
    return [keyOf(node), isTexts(layers) ? layers : [keyOf(node)]] as const;
  }));
  return { source, origins };
}

/** The model without saved origins. */
export function withoutOrigins(model: Model): Model {
  const plain = cloneModel(model);
  for (const key of [SOURCE_KEY, ORIGINS_KEY]) plain.metadata.delete(key);
  for (const node of plain.graph.nodes) node.metadata.delete(ORIGINS_KEY);
  return plain;
}

function keyOf(node: Node): string {
  return node.outputs[0] ?? '';
}

function fromTable(table: unknown, key: string): unknown {
  if (typeof table !== 'object' || table === null) return undefined;
  const { layers, nodes } = table as { readonly layers?: unknown; readonly nodes?: Readonly<Record<string, unknown>> };
  const indices = nodes?.[key];
  return isTexts(layers) && Array.isArray(indices) ? indices.map((index) => layers[Number(index)] ?? '') : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
