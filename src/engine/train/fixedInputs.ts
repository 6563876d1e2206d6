// A model for one batch size: open dimensions of its inputs get numbers, and what follows from shapes becomes constant.

import { EngineError } from '../error';
import { intAttribute } from '../ir/attributes';
import { isOp, type Model, type ValueInfo } from '../ir/model';
import { inferShapes, type ShapeMap } from '../ir/shapes/index';
import { dimLabel, fixedBatch, modelInputs } from '../ir/signature';
import { readNumbers, tensorFrom } from '../ir/tensors';

export interface BatchSizes {
  /** Samples in a batch: an open first dimension of any input. */
  readonly batch: number;
  /** Sizes of other open dimensions by name; one without a name is called `input[axis]`. */
  readonly dims: Readonly<Record<string, number>>;
}

/**
 * Writes concrete shapes into the graph's inputs, in place. A batch that the file fixes is opened where only Reshape
 * targets repeat it; else the model keeps it, and the batch of the result is the file's.
 *
 * @returns the batch size the graph has now
 * @throws EngineError `symbolicDimension`
 */
export async function fixInputs(model: Model, sizes: BatchSizes): Promise<number> {
  const { graph } = model;
  const stated = fixedBatch(model);
  const first = new Set(modelInputs(model).flatMap(({ shape }) => (typeof shape?.[0] === 'string' && shape[0] !== '' ? [shape[0]] : [])));
  const named: Record<string, number> = { ...Object.fromEntries([...first].map((name) => [name, sizes.batch])), ...sizes.dims };
  const fix = (value: ValueInfo): ValueInfo => {
    if (graph.initializers.has(value.name) || value.type?.kind !== 'tensor' || value.type.shape === null) return value;
    const shape = value.type.shape.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      const label = dimLabel(value.name, dim, axis);
      const size = named[label] ?? (axis === 0 ? sizes.batch : undefined);
      if (size === undefined) throw new EngineError('symbolicDimension', { input: value.name, dim: label });
      return size;
    });
    return { ...value, type: { ...value.type, shape } };
  };
  graph.inputs = graph.inputs.map(fix);
  graph.outputs = graph.outputs.map((value) => (value.type?.kind === 'tensor' ? { ...value, type: { ...value.type, shape: null } } : value));
  graph.valueInfo = new Map();
  if (stated === undefined || stated === sizes.batch) return sizes.batch;
  return (await openBatch(model, stated, sizes.batch)) ? sizes.batch : stated;
}

/** Turns batch `from` of inputs and Reshape targets into `to`; false (and nothing changed) where the graph has it elsewhere too. */
async function openBatch(model: Model, from: number, to: number): Promise<boolean> {
  const { graph } = model;
  const before = await inferShapes(model);
  const inputs = graph.inputs;
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node) => node.inputs);
  graph.inputs = inputs.map((value) => {
    if (graph.initializers.has(value.name) || value.type?.kind !== 'tensor' || value.type.shape?.[0] !== from) return value;
    return { ...value, type: { ...value.type, shape: [to, ...value.type.shape.slice(1)] } };
  });
  for (const node of graph.nodes) {
    const target = graph.initializers.get(node.inputs[1] ?? '');
    if (!isOp(node, 'Reshape') || target === undefined || graph.initializers.has(node.inputs[0] ?? '')) continue;
    const wanted = await readNumbers(target);
    if (wanted[0] !== from || before.tensors.get(node.inputs[0] ?? '')?.shape?.[0] !== from) continue;
    const name = `${target.name}/batch${to}`;
    graph.initializers.set(name, tensorFrom(name, { type: 'int64', dims: target.dims, data: BigInt64Array.from([to, ...wanted.slice(1)], BigInt) }));
    node.inputs = [node.inputs[0] ?? '', name];
  }
  const after = await inferShapes(model);
  // What is laid beside the samples must have as many rows: padding in a constant for one sample has not.
  const sameRows = graph.nodes.every((node) => !isOp(node, 'Concat') || new Set(node.inputs.map((name) => after.tensors.get(name)?.shape?.[0])).size === 1 || intAttribute(node, 'axis', 0) === 0);
  const opened = sameRows && after.notes.length === before.notes.length && graph.outputs.every(({ name }) => {
    const old = before.tensors.get(name)?.shape;
    const now = after.tensors.get(name)?.shape;
    return old?.[0] === from && now?.[0] === to && now.slice(1).join() === old.slice(1).join();
  });
  if (opened) return true;
  graph.inputs = inputs;
  graph.initializers = initializers;
  graph.nodes.forEach((node, index) => { node.inputs = nodes[index] ?? node.inputs; });
  return false;
}

/** Integer tensors whose elements follow from the shapes become initializers, so that shape arithmetic leaves the graph. In place. */
export function foldKnownIntegers(model: Model, shapes: ShapeMap): void {
  const { graph } = model;
  const isOutput = new Set(graph.outputs.map(({ name }) => name));
  const kept = graph.nodes.filter((node) => {
    if (node.outputs.some((name) => isOutput.has(name))) return true;
    const known = node.outputs.map((name) => {
      const facts = shapes.tensors.get(name);
      const { type, shape, value } = facts ?? { type: 'undefined', shape: null, value: undefined };
      const isWhole = (type === 'int64' || type === 'int32') && shape?.every((dim) => typeof dim === 'number') === true
        && value?.every((element) => typeof element === 'number') === true;
      return isWhole ? { name, type, dims: shape, value } : undefined;
    });
    if (known.some((entry) => entry === undefined)) return true;
    for (const entry of known) {
      if (entry === undefined) continue;
      const data = entry.type === 'int64' ? BigInt64Array.from(entry.value, BigInt) : Int32Array.from(entry.value);
      graph.initializers.set(entry.name, tensorFrom(entry.name, { type: entry.type, dims: entry.dims, data }));
    }
    return false;
  });
  graph.nodes = kept;
}
