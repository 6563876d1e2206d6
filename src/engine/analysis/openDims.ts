// Sizes for the open dimensions of a model's inputs: what the user named, and 1 for the batch.

import type { Dim, Model } from '../ir/model';

export interface OpenDimension {
  readonly input: string;
  /** The symbolic name, or `#0` for the position of an unnamed one. */
  readonly name: string;
  /** null: left open. */
  readonly size: number | null;
}

export interface BoundInputs {
  /** For `inferShapes`. */
  readonly dims: Readonly<Record<string, number>>;
  readonly inputShapes: Readonly<Record<string, readonly Dim[]>>;
  readonly open: readonly OpenDimension[];
}

/** A first dimension of such a name is no batch. */
const notBatch = /seq|len|time|step|frame|height|width|token/i;

/**
 * The first dimension of an input is taken as its batch and set to 1 where it is open, everywhere its name occurs; other
 * open dimensions stay open. `dims` comes first.
 */
export function bindInputs(model: Model, dims: Readonly<Record<string, number>> = {}): BoundInputs {
  const bound: Record<string, number> = { ...dims };
  const inputs = model.graph.inputs.filter((input) => !model.graph.initializers.has(input.name) && input.type?.kind === 'tensor');
  const shapes = inputs.map((input) => ({ name: input.name, shape: input.type?.kind === 'tensor' ? (input.type.shape ?? []) : [] }));
  for (const { shape: [first] } of shapes) {
    if (typeof first === 'string' && !Object.hasOwn(bound, first) && !notBatch.test(first)) bound[first] = 1;
  }
  const inputShapes: Record<string, readonly Dim[]> = {};
  const open: OpenDimension[] = [];
  for (const { name, shape } of shapes) {
    const sized = shape.map((dim, axis) => (typeof dim === 'string' ? (bound[dim] ?? null) : (dim ?? (axis === 0 ? 1 : null))));
    shape.forEach((dim, axis) => {
      if (typeof dim !== 'number') open.push({ input: name, name: dim ?? `#${axis}`, size: sized[axis] ?? null });
    });
    if (shape[0] === null) inputShapes[name] = [1, ...shape.slice(1).map((dim, axis) => sized[axis + 1] ?? dim)];
  }
  return { dims: bound, inputShapes, open };
}
