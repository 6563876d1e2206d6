// Sizes that a request gives to open dimensions must be for dimensions that the model has: a typing error would otherwise
// go unnoticed and the numbers be for another size. Where a model will be timed, every open dimension needs one.

import { EngineError } from '../engine/error';
import type { Model } from '../engine/ir/model';
import { modelInputs } from '../engine/ir/signature';
import { sampleShapes } from '../runtime/sampleInputs';

/** @throws EngineError `unknownDimension` */
export function requireDims(model: Model, dims: Readonly<Record<string, number>> = {}): void {
  const known = new Set(modelInputs(model).flatMap(({ name, shape }) =>
    (shape ?? []).flatMap((dim, axis) => (typeof dim === 'number' ? [] : [dim === '' ? `${name}[${axis}]` : dim]))));
  const unknown = Object.keys(dims).find((dim) => !known.has(dim));
  if (unknown !== undefined) throw new EngineError('unknownDimension', { dim: unknown, known: known.size > 0 ? [...known].join(', ') : 'found.nothing' });
}

/**
 * Known before the passes, which may take minutes, rather than when their result is timed.
 *
 * @throws EngineError `symbolicDimension`
 */
export function requireSizes(model: Model, dims: Readonly<Record<string, number>> = {}): void {
  sampleShapes(modelInputs(model), { dims });
}
