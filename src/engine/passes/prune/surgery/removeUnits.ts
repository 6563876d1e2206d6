// Takes units out of a model for good: slices the stored tensors, repairs what nodes state about sizes, and leaves all names
// as they are. The given model is not changed.

import { type Dependencies, dependencyOf } from '../../../analysis/dependencies/index';
import { EngineError } from '../../../error';
import { cloneModel } from '../../../ir/clone';
import { dropStrayDescriptions } from '../../../ir/edit/index';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../../../ir/model';
import { inferShapes, type ShapeMap } from '../../../ir/shapes/index';
import { ConstantEditor } from './constantEditor';
import { type ChosenUnits, type Kept, keptBy } from './kept';
import type { RepairSite } from './repair';
import { repairs } from './repairs/table';
import { sizesAfter } from './shapesAfter';
import { sliceTensor } from './slice';

export interface Removal {
  readonly model: Model;
  /** What stayed of the axes of each tensor that lost entries. */
  readonly kept: Kept;
}

/**
 * The model without the chosen units. Shapes of inputs and outputs stay; node and tensor names stay, so that layer ids and
 * origins hold.
 *
 * @param dependencies of this model.
 * @param shapes of this model, where they are known already.
 * @throws EngineError `pruneUnknownUnits`, `pruneEmpty` for a choice that cannot be made; `pruneMismatch` when the result
 *   does not have the sizes it should (a mistake of ours, never written).
 */
export async function removeUnits(model: Model, dependencies: Dependencies, chosen: ChosenUnits, shapes?: ShapeMap): Promise<Removal> {
  const kept = keptBy(dependencies, chosen);
  const before = shapes ?? await inferShapes(model);
  const left = await sizesAfter(model, before, kept);
  const isSteered = (name: string): boolean => String(before.tensors.get(name)?.value) !== String(left.tensors.get(name)?.value);
  const result = cloneModel(model);
  const { graph } = result;
  const editor = new ConstantEditor(result, dependencies.relations.constants, before);
  for (const node of graph.nodes) {
    const kind = dependencyOf(node)?.repair;
    const touched = [...node.inputs, ...node.outputs].some((name) => kept.tensor(name) !== undefined) || node.inputs.some(isSteered);
    if (kind !== undefined && touched) repairs[kind](siteOf(node, editor, { before, left, kept }));
  }
  await sliceStored(graph, kept);
  graph.nodes = editor.finish();
  describe(graph, kept);
  await requireSizes(result, before, kept, editor.changed);
  return { model: result, kept };
}

interface Sizes {
  readonly before: ShapeMap;
  /** As they will be, with values that no repair has changed yet. */
  readonly left: ShapeMap;
  readonly kept: Kept;
}

function siteOf(node: Node, editor: ConstantEditor, { before, left, kept }: Sizes): RepairSite {
  const inputs = [...node.inputs];
  const of = (name: string | undefined) => (name === undefined || name === '' ? undefined : before.tensors.get(name));
  return {
    node, opset: editor.opset(node),
    has: (position) => (inputs[position] ?? '') !== '',
    shape: (position) => of(inputs[position])?.shape ?? null,
    outputShape: (output) => of(node.outputs[output])?.shape ?? null,
    elements: (position) => of(inputs[position])?.value,
    elementsLeft: (position) => left.tensors.get(inputs[position] ?? '')?.value,
    inputKept: (position, axis) => kept.of(inputs[position] ?? '', axis),
    outputKept: (output, axis) => kept.of(node.outputs[output] ?? '', axis),
    setInput: (position, values) => editor.setInput(node, position, values),
    changeElements: (position, values) => editor.changeElements(node, position, values),
  };
}

async function sliceStored(graph: Graph, kept: Kept): Promise<void> {
  const slice = async (name: string, tensor: Tensor): Promise<Tensor | undefined> => {
    const entries = kept.tensor(name);
    return entries === undefined ? undefined : sliceTensor(tensor, entries);
  };
  for (const [name, tensor] of graph.initializers) {
    const sliced = await slice(name, tensor);
    if (sliced !== undefined) graph.initializers.set(name, sliced);
  }
  for (const node of graph.nodes) {
    const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
    if (value?.kind !== 'tensor') continue;
    const sliced = await slice(node.outputs[0] ?? '', value.value);
    if (sliced !== undefined) node.attributes.set('value', { kind: 'tensor', value: sliced });
  }
}

/** Stated types of inner values, and of initializers that are inputs too, take the new sizes. */
function describe(graph: Graph, kept: Kept): void {
  const resized = (info: ValueInfo): ValueInfo => {
    const entries = kept.tensor(info.name);
    const type = info.type;
    if (entries === undefined || type?.kind !== 'tensor' || type.shape === null) return info;
    return { ...info, type: { ...type, shape: type.shape.map((dim, axis) => entries[axis]?.length ?? dim) } };
  };
  for (const [name, info] of graph.valueInfo) graph.valueInfo.set(name, resized(info));
  graph.inputs = graph.inputs.map(resized);
  dropStrayDescriptions(graph);
}

/** Every axis has the size that its kept entries say: what holds for shapes holds for the rest of the graph. */
async function requireSizes(model: Model, before: ShapeMap, kept: Kept, changed: ReadonlySet<string>): Promise<void> {
  const after = await inferShapes(model);
  for (const [name, { shape }] of after.tensors) {
    if (changed.has(name)) continue;
    const old = before.tensors.get(name)?.shape;
    const entries = kept.tensor(name);
    const wrong = shape?.findIndex((dim, axis) => {
      const wanted = entries?.[axis]?.length ?? old?.[axis];
      return typeof dim === 'number' && typeof wanted === 'number' && dim !== wanted;
    }) ?? -1;
    if (wrong < 0 || old === undefined || old === null) continue;
    throw new EngineError('pruneMismatch', { tensor: name, axis: wrong, found: String(shape?.[wrong]), wanted: String(entries?.[wrong]?.length ?? old[wrong]) });
  }
}
