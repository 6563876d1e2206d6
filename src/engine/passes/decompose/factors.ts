// What a decomposed layer is made of: the words that methods (methods/), the graph (surgery/), choice of ranks (ranks/) and
// report have in common. No arithmetic here.

/** svd: two factors (for kernels larger than one place k x k then 1 x 1). Names as in the recipe. */
export const methods = ['svd', 'spatial', 'tucker', 'cp'] as const;
export type Method = (typeof methods)[number];

/** The weight of a layer, one group of it: row-major [outputs, inputs, ...kernel] in float64; matrices have no kernel. */
export interface Kernel {
  readonly outputs: number;
  readonly inputs: number;
  readonly kernel: readonly number[];
  readonly data: Float64Array;
}

/**
 * One of the layers that take the place of the layer, in the order they run in. Together they map what the layer maps, for a
 * group of the layer.
 */
export interface Factor {
  /** Row-major [outputs, inputs, ...kernel]; `inputs` is 1 for depthwise factors. */
  readonly kernel: Kernel;
  /** Every output reads one input of its own. */
  readonly isDepthwise: boolean;
  /** Spatial axes, counted from 0, on which it takes over strides, pads and dilations; its kernel is 1 long on all others. */
  readonly axes: readonly number[];
}

/** Ranks that a method has: `svd`, `spatial` and `cp` one, `tucker` those of inputs and of outputs. */
export interface Ranks {
  readonly method: Method;
  /** svd, spatial, cp: [rank]; tucker: [rank of inputs, rank of outputs]. All at least 1. */
  readonly ranks: readonly number[];
}
