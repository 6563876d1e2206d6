// Layers of a model, from its graph and the shapes inferred for it.

import { findLayers, type Layer } from '../engine/analysis/layers';
import { inferShapes } from '../engine/ir/shapes/index';
import type { Model } from '../engine/ir/model';

export async function layersOf(model: Model, dims: Readonly<Record<string, number>> = {}): Promise<Layer[]> {
  return findLayers(model.graph, await inferShapes(model, { dims }));
}
