// Names of what goes into a training graph and comes out of it.

/** Labels in the form losses compare with, and one-hot. */
export const LABELS = 'train/labels';
export const ONE_HOT = 'train/oneHot';
/** Output: [total loss, losses of the terms, norm of the gradient (in graphs that take a step)]. */
export const REPORT = 'train/report';
/** Output of the update graph: norm of the gradient, rank 1 with one element. */
export const GRADIENT_NORM = 'train/gradientNorm';

export const teacherInput = (tensor: string): string => `train/teacher/${tensor}`;
export const weightInput = (term: number): string => `train/weight/${term}`;
export const scalarInput = (name: string): string => `train/scalar/${name}`;
export const gradientInput = (vector: string): string => stateInput(`gradient/${vector}`);
/** A flat vector before the step and after it. */
export const stateInput = (vector: string): string => `state/${vector}`;
export const nextOutput = (vector: string): string => `next/${vector}`;
