// Operators that make tensors. Stored values and constant fills shrink with what they meet; shape arithmetic ties nothing.

import { entry, locks, type DependencyEntry } from '../rule';

const stored: DependencyEntry = entry('makes', (site) =>
  site.give(0, (site.outputShape(0) ?? []).map((dim) => site.newAxis(dim))));

const filled: DependencyEntry = entry('makes', (site) => {
  site.axes(0);
  site.give(0, (site.outputShape(0) ?? []).map((dim) => site.newAxis(dim)));
}, 'constantOfShape');

/** Reads sizes, which follow by themselves. */
const shape: DependencyEntry = entry('shape', (site) => void site.axes(0));

export const generateDependencies = {
  Constant: stored, ConstantOfShape: filled, Shape: shape, Size: shape,
  RandomNormal: locks, RandomUniform: locks, Multinomial: locks, EyeLike: locks, Range: locks, OneHot: locks,
  BlackmanWindow: locks, HammingWindow: locks, HannWindow: locks, MelWeightMatrix: locks,
} as const satisfies Record<string, DependencyEntry>;
