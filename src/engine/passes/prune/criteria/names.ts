// Names of the criteria, the default first; what they are is in criteria.ts.

export const criterionNames = ['taylor', 'l1', 'l2', 'fpgm', 'bn', 'hessian', 'activation', 'random'] as const;

export type CriterionName = (typeof criterionNames)[number];
