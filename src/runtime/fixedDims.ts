// Sizes for the open dimensions of a model's inputs and outputs, written into the graph before onnxruntime sees it: the
// Node binding of 1.30 takes `freeDimensionOverrides` and does nothing with them.

import type { Dim, Model, ValueInfo } from '../engine/ir/model';
import { dimLabel } from '../engine/ir/signature';

export function withFixedDims(model: Model, dims: Readonly<Record<string, number>>): Model {
  if (Object.keys(dims).length === 0) return model;
  const fix = (value: ValueInfo): ValueInfo => {
    if (value.type?.kind !== 'tensor' || value.type.shape === null) return value;
    const shape = value.type.shape.map((dim, axis): Dim => (typeof dim === 'number' ? dim : (dims[dimLabel(value.name, dim, axis)] ?? dim)));
    return { ...value, type: { ...value.type, shape } };
  };
  const { graph } = model;
  return { ...model, graph: { ...graph, inputs: graph.inputs.map(fix), outputs: graph.outputs.map(fix) } };
}
