// Dependency groups: which entries of which weights and activations go together, as units of equal form. Made from the
// classes that relate.ts found; what cannot go is listed by layer, with the reason.

import { intAttribute } from '../../ir/attributes';
import type { Model } from '../../ir/model';
import { inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { findLayers, type Layer } from '../layers';
import { isLabels, type Lock, marks } from './labels';
import { relate, type Relations } from './relate';
import { dependencyOf } from './table';

/** The entries of one axis of one tensor that units of a group hold. */
export interface Slot {
  readonly tensor: string;
  readonly axis: number;
  /** Entries a unit holds there. */
  readonly perUnit: number;
  /** Unit u holds entries `indices[u * perUnit]` to `indices[(u + 1) * perUnit - 1]`, rising. */
  readonly indices: Int32Array;
}

/** `channels` of convolutions, `neurons` of products, `hidden`: widths of normalized or recurrent states, `heads` of attention. */
export type GroupKind = 'channels' | 'neurons' | 'hidden' | 'heads';

export interface GroupLayer {
  /** Layer id. */
  readonly id: string;
  /**
   * `produces`: computes the units from others. `follows`: works on each unit by itself (norms, depthwise convolutions) and
   * shrinks with it. `reads`: shrinks at its input.
   */
  readonly role: 'produces' | 'follows' | 'reads';
}

export interface DependencyGroup {
  /** Id of the first layer that produces the units; further groups of the same layer have `#2`, `#3` after it. */
  readonly id: string;
  readonly kind: GroupKind;
  /** Number of units. All have the same form: the same number of entries in the same slots. */
  readonly size: number;
  /** Stored or generated tensors: initializers, Constant and ConstantOfShape nodes. */
  readonly weights: readonly Slot[];
  /** Values that depend on inputs of the model. */
  readonly activations: readonly Slot[];
  /** In the order of the graph. */
  readonly layers: readonly GroupLayer[];
  /**
   * Whether removing units gives what zeroing their weights gives. False where a normalization or another statistic runs
   * over them: it then runs over those that stay.
   */
  readonly exact: boolean;
  /** Class of each unit, as in `Relations`. */
  readonly classes: Int32Array;
}

export interface LockedLayer {
  /** Layer id. */
  readonly layer: string;
  readonly lock: Lock;
}

export interface Dependencies {
  /** In the order of their first producers. */
  readonly groups: readonly DependencyGroup[];
  /** Layers with weights that produce no unit, in the order of the graph. */
  readonly locked: readonly LockedLayer[];
  readonly relations: Relations;
}

/**
 * Dependency groups of the main graph (Fang 2023, "DepGraph"). Sizes that are open stay open: only axes of known size hold
 * units. Tensors that subgraphs use are locked; local functions lock what they touch, so inline them first.
 *
 * @throws EngineError `invalidGraph` on a cycle, and what reading a damaged small tensor throws.
 */
export async function findDependencies(model: Model, shapes?: ShapeMap): Promise<Dependencies> {
  const known = shapes ?? await inferShapes(model);
  const relations = relate(model, known);
  const layers = findLayers(model.graph, known);
  const found = new Grouping(model, relations).run();
  const groups = named(found, layers);
  return { groups, locked: lockedLayers(layers, groups, relations), relations };
}

type Found = Omit<DependencyGroup, 'id' | 'layers'>;

interface Place {
  readonly tensor: string;
  readonly axis: number;
  readonly stored: boolean;
  readonly roots: Int32Array;
}

class Grouping {
  private readonly rootsOf = new Map<Int32Array, Int32Array>();

  constructor(private readonly model: Model, private readonly relations: Relations) {}

  run(): readonly Found[] {
    const places = this.places();
    const mixed = this.mixedRoots();
    return [...this.members(places)].map(([form, roots]) => {
      const slots = slotsOf(roots, placesOf(form).map((place) => places[place]).filter((place) => place !== undefined));
      return {
        kind: this.kindOf(roots[0] ?? 0), size: roots.length, exact: !roots.some((root) => mixed.has(root)), classes: Int32Array.from(roots),
        weights: slots.filter(({ stored }) => stored).map(({ slot }) => slot), activations: slots.filter(({ stored }) => !stored).map(({ slot }) => slot),
      };
    });
  }

  /** Axes with entries that can go: of stored tensors and of activations, not of constants computed on the way. */
  private places(): readonly Place[] {
    const { constants, axes } = this.relations;
    const generated = new Set(this.relations.order.flatMap((node) => (node.opType === 'Constant' || node.opType === 'ConstantOfShape' ? node.outputs : [])));
    const places: Place[] = [];
    for (const [tensor, own] of axes) {
      const stored = this.model.graph.initializers.has(tensor) || generated.has(tensor);
      if (!stored && constants.has(tensor)) continue;
      own.forEach((axis, index) => {
        if (!isLabels(axis)) return;
        const roots = this.openRoots(axis);
        if (roots.some((root) => root >= 0)) places.push({ tensor, axis: index, stored, roots });
      });
    }
    return places;
  }

  /** The class of each entry, -1 for locked ones. */
  private openRoots(axis: Int32Array): Int32Array {
    const known = this.rootsOf.get(axis);
    if (known !== undefined) return known;
    const { labels } = this.relations;
    const roots = axis.map((label) => (labels.lockOf(label) === undefined ? labels.find(label) : -1));
    this.rootsOf.set(axis, roots);
    return roots;
  }

  /** Classes of equal form, rising; only such with both weights and activations. */
  private members(places: readonly Place[]): ReadonlyMap<Form, readonly number[]> {
    const start: Form = { before: undefined, place: -1, next: new Map() };
    const forms = new Map<number, Form>();
    const [weighted, active] = [new Set<number>(), new Set<number>()];
    places.forEach(({ roots, stored }, place) => {
      const counts = new Map<number, number>();
      for (const root of roots) if (root >= 0) counts.set(root, (counts.get(root) ?? 0) + 1);
            for (const [root, count] of counts) {
        (stored ? weighted : active).add(root);
        forms.set(root, extended(forms.get(root) ?? start, place, count));
      }
    });
    const members = new Map<Form, number[]>();
    for (const [root, form] of [...forms].sort(([a], [b]) => a - b)) {
      if (!weighted.has(root) || !active.has(root)) continue;
      const list = members.get(form);
      if (list === undefined) members.set(form, [root]);
      else list.push(root);
    }
    return members;
  }

  private mixedRoots(): ReadonlySet<number> {
    const { mixing, axes, labels } = this.relations;
    const mixed = new Set<number>();
    for (const { node, inputs } of mixing) {
      for (const [position, index] of inputs) {
        const axis = axes.get(node.inputs[position] ?? '')?.[index];
        if (axis !== undefined && isLabels(axis)) for (const label of axis) mixed.add(labels.find(label));
      }
    }
    return mixed;
  }

  private kindOf(root: number): GroupKind {
    const bits = this.relations.labels.marksOf(root);
    if ((bits & marks.heads) !== 0) return 'heads';
    if ((bits & marks.hidden) !== 0) return 'hidden';
    return (bits & marks.channels) !== 0 ? 'channels' : 'neurons';
  }
}

/** In which places a class has how many entries: a list from the last place back. Equal forms are one record. */
interface Form {
  readonly before: Form | undefined;
  readonly place: number;
  /** Longer forms by number of entries, at the place that is being looked at. */
  readonly next: Map<number, Form>;
}

function extended(form: Form, place: number, count: number): Form {
  const known = form.next.get(count);
  if (known?.place === place) return known;
  const made: Form = { before: form, place, next: new Map() };
  form.next.set(count, made);
  return made;
}

function placesOf(form: Form): readonly number[] {
  const places: number[] = [];
  for (let at: Form | undefined = form; at !== undefined && at.place >= 0; at = at.before) places.push(at.place);
  return places.reverse();
}

/** Slots of classes of one form. */
function slotsOf(roots: readonly number[], places: readonly Place[]): readonly { readonly slot: Slot; readonly stored: boolean }[] {
  const unitOf = new Map(roots.map((root, unit) => [root, unit]));
  const [first = -1] = roots;
  return places.flatMap(({ tensor, axis, stored, roots: entries }) => {
    const perUnit = entries.reduce((count, root) => count + (root === first ? 1 : 0), 0);
    if (perUnit === 0) return [];
    const indices = new Int32Array(perUnit * roots.length);
    const filled = new Int32Array(roots.length);
    entries.forEach((root, index) => {
      const unit = unitOf.get(root);
      if (unit === undefined) return;
      indices[unit * perUnit + (filled[unit] ?? 0)] = index;
      filled[unit] = (filled[unit] ?? 0) + 1;
    });
    return [{ slot: { tensor, axis, perUnit, indices }, stored }];
  });
}

function named(found: readonly Found[], layers: readonly Layer[]): readonly DependencyGroup[] {
  const position = new Map(layers.map(({ id }, index) => [id, index]));
  const firstOf = (roles: readonly GroupLayer[]): string => roles.find(({ role }) => role === 'produces')?.id ?? roles[0]?.id ?? '';
  const placed = found.map((group) => ({ group, roles: rolesOf(group, layers) }))
    .sort((a, b) => (position.get(firstOf(a.roles)) ?? 0) - (position.get(firstOf(b.roles)) ?? 0));
  const taken = new Map<string, number>();
  return placed.map(({ group, roles }) => {
    const first = firstOf(roles);
    const count = (taken.get(first) ?? 0) + 1;
    taken.set(first, count);
    return { id: count === 1 ? first : `${first}#${count}`, layers: roles, ...group };
  });
}

function rolesOf({ weights, activations }: Found, layers: readonly Layer[]): readonly GroupLayer[] {
  const stored = new Set(weights.map(({ tensor }) => tensor));
  const active = new Set(activations.map(({ tensor }) => tensor));
  return layers.filter((layer) => layer.weights.some((tensor) => stored.has(tensor))).map((layer) => {
    if (!layer.anchor.outputs.some((output) => active.has(output))) return { id: layer.id, role: 'reads' };
    return { id: layer.id, role: makesUnits(layer, active) ? 'produces' : 'follows' };
  });
}

/** Products, convolutions and tables make units; norms and depthwise convolutions (whose inputs are the same units) follow them. */
function makesUnits({ anchor, weights }: Layer, active?: ReadonlySet<string>): boolean {
  const effect = dependencyOf(anchor)?.effect;
  const depthwise = intAttribute(anchor, 'group', 1) > 1 && active?.has(anchor.inputs[0] ?? '') === true && anchor.inputs.length > 0;
  return ((effect === 'weights' || effect === 'heads') && !depthwise) || (anchor.opType === 'Gather' && weights.includes(anchor.inputs[0] ?? ''));
}

function lockedLayers(layers: readonly Layer[], groups: readonly DependencyGroup[], { axes, labels }: Relations): readonly LockedLayer[] {
  const producing = new Set(groups.flatMap((group) => group.layers.filter(({ role }) => role !== 'reads').map(({ id }) => id)));
  return layers.flatMap((layer) => {
    const { id, anchor, weights } = layer;
    if (weights.length === 0 || producing.has(id) || !makesUnits(layer)) return [];
    const own = new Set(weights.flatMap((tensor) => (axes.get(tensor) ?? []).flatMap((axis) => (isLabels(axis) ? [...axis].map((label) => labels.find(label)) : []))));
    const made = anchor.outputs.flatMap((output) => (axes.get(output) ?? []).flatMap((axis) => (isLabels(axis) ? [...axis] : [])));
    const lock = made.filter((label) => own.has(labels.find(label))).map((label) => labels.lockOf(label)).find((found) => found !== undefined)
      // The output is locked as a whole: the reason is that of the weights.
      ?? weights.flatMap((tensor) => axes.get(tensor) ?? []).map((axis) => labels.wholeLock(axis)).find((found) => found !== undefined);
    return lock === undefined ? [] : [{ layer: id, lock }];
  });
}
