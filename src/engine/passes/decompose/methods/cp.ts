// CP: a k x k kernel as a sum of rank-one components: 1 x 1, one depthwise layer along each spatial axis, 1 x 1 (Lebedev et al. 2015).

import { type Matrix, transposed } from '../../../linalg/matrix';
import { longAxes, onAxes, outputRows, product } from './arrange';
import { exactComponents, fittedComponents } from './components';
import { defineMethod, factorsOf } from './defineMethod';
import { columnwise, type Kruskal, normalised, tapColumns } from './kruskal';
import type { FactorShape, KernelShape, MethodRecord } from './method';
import { bestLast } from './weighting';

/** With a covariance the last factor is the best for the others, which are those of the plain kernel. */
export const cp: MethodRecord = defineMethod({
  method: 'cp',
  modes: ['rank'],
  refusal: ({ outputs, inputs, kernel }) => {
    if (longAxes(kernel).length === 0) return 'why.onePlace';
    return outputs === 1 && inputs === 1 ? 'why.channelAlone' : undefined;
  },
  fullRanks: (shape) => {
    const modes = [shape.outputs, shape.inputs, ...shape.kernel];
    // Fibres along the longest mode, each a component.
    return [product(modes) / Math.max(...modes)];
  },
  shapes,
  spectra: () => Promise.resolve([]),
  async solve(task, ranks) {
    const { kernel } = task;
    const rank = ranks[0] as number;
    const isFull = rank === cp.fullRanks(kernel)[0];
    const [outputs, inputs, ...axes] = isFull ? exactComponents(kernel) : await fittedComponents(task, rank);
    const last = isFull ? outputs : await bestLast(task, outputRows(kernel), columnwise(inputs, tapColumns(axes, rank)), outputs);
    const { modes, norms } = inOrder([last, inputs, ...axes]);
    const [tail, ...others] = modes;
    return { factors: factorsOf(shapes(kernel, ranks), [...others.map((mode) => transposed(mode).data), (tail as Matrix).data]), components: norms };
  },
});

/** The components by falling norm, each shared equally by all its modes. */
function inOrder(modes: Kruskal): { readonly modes: readonly Matrix[]; readonly norms: Float64Array } {
  const units = modes.map(normalised);
  const norms = units.map((unit) => unit.norms).reduce((all, own) => all.map((norm, component) => norm * (own[component] as number)));
  const order = [...norms.keys()].sort((a, b) => (norms[b] as number) - (norms[a] as number));
  const falling = Float64Array.from(order, (component) => norms[component] as number);
  const shared = falling.map((norm) => norm ** (1 / modes.length));
  const ordered = units.map(({ unit: { rows, columns, data } }) => ({
    rows, columns, data: data.map((_, at) => (data[at - (at % columns) + (order[at % columns] as number)] as number) * (shared[at % columns] as number)),
  }));
  return { modes: ordered, norms: falling };
}

/** Depthwise factors only along axes longer than 1; the first of them takes over strides and pads of the others too. */
function shapes({ outputs, inputs, kernel }: KernelShape, [rank = 1]: readonly number[]): FactorShape[] {
  const point = onAxes(kernel, []);
  const long = longAxes(kernel);
  const short = kernel.flatMap((_, axis) => (long.includes(axis) ? [] : [axis]));
  return [
    { outputs: rank, inputs, kernel: point, isDepthwise: false, axes: [] },
    ...long.map((axis, index) => ({
      outputs: rank, inputs: 1, kernel: onAxes(kernel, [axis]), isDepthwise: true, axes: index === 0 ? [axis, ...short].sort((a, b) => a - b) : [axis],
    })),
    { outputs, inputs: rank, kernel: point, isDepthwise: false, axes: [] },
  ];
}
