// What a model costs once chosen units are gone, counted as everywhere else (analysis/cost.ts) on the shapes that would be
// left. Nothing is cut for it.

import { costOf } from '../../../analysis/cost';
import type { Dependencies } from '../../../analysis/dependencies/index';
import { findLayers } from '../../../analysis/layers';
import { bindInputs } from '../../../analysis/openDims';
import { tensorAttribute } from '../../../ir/attributes';
import { elementCount, type Model, type Tensor } from '../../../ir/model';
import { inferShapes } from '../../../ir/shapes/index';
import { storedBytes } from '../../../ir/tensors';
import type { Costs } from '../../costs';
import { type ChosenUnits, keptBy, shapesAfter } from '../surgery/index';

/** Costs of one sample; `dims` are sizes of open dimensions. */
export async function costMeter(model: Model, dependencies: Dependencies, dims: Readonly<Record<string, number>>): Promise<(chosen: ChosenUnits) => Costs> {
  const { graph } = model;
  const shapes = await inferShapes(model, bindInputs(model, dims));
  const layers = findLayers(graph, shapes);
  const { weightBytes } = costOf(graph, layers, shapes);
  const stored = storedTensors(model);
  return (chosen) => {
    const kept = keptBy(dependencies, chosen);
    const { macs, parameters } = costOf(graph, layers, shapesAfter(shapes, kept));
    let bytes = weightBytes;
    for (const [name, tensor] of stored) {
      const entries = kept.tensor(name);
      const before = elementCount(tensor.dims);
      if (entries === undefined || before === 0) continue;
      const left = elementCount(tensor.dims.map((dim, axis) => entries[axis]?.length ?? dim));
      bytes -= Math.round(storedBytes(tensor) * (1 - left / before));
    }
    return { macs, parameters, bytes };
  };
}

function storedTensors({ graph }: Model): ReadonlyMap<string, Tensor> {
  const constants = graph.nodes.flatMap((node): [string, Tensor][] => {
    const value = node.opType === 'Constant' ? tensorAttribute(node, 'value') : undefined;
    return value === undefined ? [] : [[node.outputs[0] ?? '', value]];
  });
  return new Map([...graph.initializers, ...constants]);
}
