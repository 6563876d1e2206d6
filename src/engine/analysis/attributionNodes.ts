// Gives every node of an optimised graph its row: a layer of the original graph, several that cannot be told apart, or
// the layout conversions. The optimised graph is cut at the tensors that both graphs know (design.md, "Latency of a
// layer"): names of other tensors, and of nodes, are onnxruntime's own.

import { indexGraph, type GraphIndex } from '../ir/graphIndex';
import type { Graph, Node } from '../ir/model';
import { type Flow, flowOf } from './attributionFlow';
import { type Match, matchPiece, type Piece } from './attributionMatch';
import { familyOf, isConversion, isHeavy, isQuantizer, isReorder } from './attributionOps';

/** A layer of the original graph as attribution needs it (a `Layer` of layers.ts is one); its nodes are known by their outputs. */
export interface AttributedLayer {
  readonly id: string;
  readonly op: string;
  readonly nodes: readonly Pick<Node, 'outputs'>[];
}

export interface Row {
  readonly id: string;
  readonly op: string;
  /** All layers of the row, in the order given, when there are several. */
  readonly layers?: readonly string[];
}

/** Owner of the layout conversions. */
export const LAYOUT: unique symbol = Symbol('layout');
export type Owner = Row | typeof LAYOUT;

/** The owner of every node of `optimised`. Layers that need no kernel of their own are listed where they went, or nowhere. */
export function ownersOf(original: Graph, layers: readonly AttributedLayer[], optimised: Graph): Map<Node, Owner> {
  const after = indexGraph(optimised);
  const before = indexGraph(original);
  const flow = flowOf(before);
  const layerOf = layersByNode(before, layers);
  const known = knownTensors(before, after);
  const table = new RowTable(layers);
  const owners = new Map<Node, string | typeof LAYOUT>();
  const absorbed: { readonly layer: string; readonly into: string }[] = [];
  const orphans: Node[] = [];

  for (const piece of piecesOf(after, known, flow)) {
    const matches = matchPiece(piece, known, flow);
    const works = piece.nodes.filter((node) => !isReorder(node));
    for (const node of piece.nodes) {
      const owned = ownedLayers(node, piece, works.length === 1, matches, layerOf);
      if (owned === LAYOUT) owners.set(node, LAYOUT);
      else if (owned.length === 0) orphans.push(node);
      else owners.set(node, table.join(owned));
    }
    for (const node of piece.cone) {
      const into = absorber(node, works, matches, flow);
      const owner = into === undefined ? undefined : owners.get(into);
      const layer = layerOf.get(node);
      if (owner !== undefined && owner !== LAYOUT && layer !== undefined) absorbed.push({ layer, into: owner });
    }
  }
  for (const node of orphans) owners.set(node, neighbour(node, after, owners) ?? table.stray(node));
  for (const { layer, into } of absorbed) table.absorb(layer, into);
  return new Map([...owners].map(([node, owner]) => [node, owner === LAYOUT ? LAYOUT : table.row(owner)]));
}

/** Layers whose time a node of a piece takes: none when only its neighbours can tell. */
function ownedLayers(node: Node, piece: Piece, alone: boolean, matches: ReadonlyMap<Node, Match>, layerOf: ReadonlyMap<Node, string>): readonly string[] | typeof LAYOUT {
  if (isReorder(node)) return LAYOUT;
  const match = matches.get(node);
  const layersOf = (nodes: readonly Node[]): string[] => [...new Set(nodes.flatMap((each) => layerOf.get(each) ?? []))];
  const covered = alone ? piece.cone : match === undefined ? [] : [match.original, ...match.absorbed];
  const heavyLayers = layersOf(covered.filter((each) => isHeavy(each.opType)));
  if (heavyLayers.length > 0) return heavyLayers;
  if (match !== undefined) return layersOf([match.original]);
  if (isConversion(node)) return LAYOUT;
  if (isQuantizer(node)) return [];
  if (alone) return layersOf(piece.cone.slice(-1));
  const taken = new Set([...matches.values()].flatMap((each) => [each.original, ...each.absorbed]));
  const left = piece.cone.filter((each) => !taken.has(each));
  if (isHeavy(node.opType)) return layersOf(left.filter((each) => isHeavy(each.opType)));
  return layersOf(left.filter((each) => familyOf(each.opType) === familyOf(node.opType)).slice(0, 1));
}

/** The kernel of a piece that an original node went into: the last one that it depends on, else the first that depends on it. */
function absorber(node: Node, works: readonly Node[], matches: ReadonlyMap<Node, Match>, flow: Flow): Node | undefined {
  if (works.length === 1) return works[0];
  const matched = works.flatMap((work) => {
    const match = matches.get(work);
    return match === undefined ? [] : [{ work, match }];
  });
  const own = matched.find(({ match }) => match.original === node || match.absorbed.includes(node));
  if (own !== undefined) return own.work;
  const before = matched.filter(({ match }) => flow.reaches(match.original, node)).sort((a, b) => flow.order(b.match.original) - flow.order(a.match.original));
  return (before[0] ?? matched.find(({ match }) => flow.reaches(node, match.original)))?.work;
}

/** What has no counterpart goes with what feeds it, but a dequantize with what wants its values; both look the other way when there is none. */
function neighbour(node: Node, index: GraphIndex, owners: ReadonlyMap<Node, string | typeof LAYOUT>): string | undefined {
  const rowOf = (nodes: readonly (Node | undefined)[]): string | undefined =>
    nodes.map((each) => (each === undefined ? undefined : owners.get(each))).find((owner) => owner !== undefined && owner !== LAYOUT);
  const makers = node.inputs.map((input) => index.producer.get(input));
  const users = node.outputs.flatMap((output) => index.uses(output).map((use) => use.node));
  return node.opType === 'DequantizeLinear' ? rowOf(users) ?? rowOf(makers) : rowOf(makers) ?? rowOf(users);
}

// ── cutting ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Tensors of the same name, and therefore the same value, in both graphs. */
function knownTensors(before: GraphIndex, after: GraphIndex): ReadonlySet<string> {
  return new Set([...before.inputs, ...[...before.producer.keys()].filter((tensor) => after.producer.has(tensor))]);
}

/** Nodes of the optimised graph that are joined by tensors only it knows, with what they replace. */
function piecesOf(after: GraphIndex, known: ReadonlySet<string>, flow: Flow): Piece[] {
  const sets = new DisjointSets<Node>();
  for (const node of after.graph.nodes) {
    sets.add(node);
    for (const output of node.outputs) {
      if (known.has(output)) continue;
      for (const { node: user } of after.uses(output)) sets.join(node, user);
    }
  }
  return sets.groups().map((nodes) => ({
    nodes,
    cone: flow.between(nodes.flatMap((node) => node.outputs.filter((output) => known.has(output))), known),
  }));
}

function layersByNode(index: GraphIndex, layers: readonly AttributedLayer[]): ReadonlyMap<Node, string> {
  const found = new Map<Node, string>();
  for (const layer of layers) {
    for (const { outputs } of layer.nodes) {
      const node = index.producer.get(outputs.find((output) => output !== '') ?? '');
      if (node !== undefined) found.set(node, layer.id);
    }
  }
  return found;
}

// ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Rows while they grow: layers that share a kernel become one. */
class RowTable {
  private readonly sets = new DisjointSets<string>();
  private readonly absorbed = new Map<string, Set<string>>();
  private readonly ops: Map<string, string>;
  private readonly positions: Map<string, number>;

  constructor(layers: readonly AttributedLayer[]) {
    this.ops = new Map(layers.map((layer) => [layer.id, layer.op]));
    this.positions = new Map(layers.map((layer, at) => [layer.id, at]));
  }

  join(layers: readonly string[]): string {
    const [first = '', ...others] = layers;
    this.sets.add(first);
    for (const other of others) this.sets.join(first, other);
    return first;
  }

  /** A row for a kernel that belongs to no layer. */
  stray(node: Node): string {
    const id = node.outputs.find((output) => output !== '') ?? node.name;
    this.ops.set(id, this.ops.get(id) ?? node.opType);
    return this.join([id]);
  }

  /** Notes that a layer without a kernel of its own went into the row of another. */
  absorb(layer: string, into: string): void {
    if (this.sets.has(layer)) return;
    const list = this.absorbed.get(into);
    if (list === undefined) this.absorbed.set(into, new Set([layer]));
    else list.add(layer);
  }

  row(member: string): Row {
    const members = this.sets.group(member);
    const all = [...new Set(members.flatMap((each) => [each, ...(this.absorbed.get(each) ?? [])]))].sort((a, b) => this.position(a) - this.position(b));
    const id = [...members].sort((a, b) => this.position(a) - this.position(b))[0] ?? member;
    return { id, op: this.ops.get(id) ?? '', ...(all.length > 1 && { layers: all }) };
  }

  private position(layer: string): number {
    return this.positions.get(layer) ?? this.positions.size;
  }
}

/** Union-find with path halving; groups keep the order in which members came. */
class DisjointSets<T> {
  private readonly parent = new Map<T, T>();

  has(item: T): boolean {
    return this.parent.has(item);
  }

  add(item: T): void {
    if (!this.parent.has(item)) this.parent.set(item, item);
  }

  join(a: T, b: T): void {
    this.add(a);
    this.add(b);
    this.parent.set(this.root(b), this.root(a));
  }

  group(item: T): T[] {
    const root = this.root(item);
    return [...this.parent.keys()].filter((each) => this.root(each) === root);
  }

  groups(): T[][] {
    const found = new Map<T, T[]>();
    for (const item of this.parent.keys()) {
      const root = this.root(item);
      const list = found.get(root);
      if (list === undefined) found.set(root, [item]);
      else list.push(item);
    }
    return [...found.values()];
  }

  private root(item: T): T {
    let at = item;
    for (let up = this.parent.get(at); up !== undefined && up !== at; up = this.parent.get(at)) {
      const above = this.parent.get(up) ?? up;
      this.parent.set(at, above);
      at = above;
    }
    return at;
  }
}
