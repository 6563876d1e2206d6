// What other rooms use of dependency groups.

export { findDependencies, type Dependencies, type DependencyGroup, type GroupKind, type GroupLayer, type LockedLayer, type Slot } from './groups';
export { isLabels, type Axis, type Lock } from './labels';
export { type Mixing, type Relations } from './relate';
export { dependencyOf } from './table';
export type { RepairKind } from './rule';
export { slicesOf } from './rules/movement';
export { packedWidths } from './rules/microsoft';
export { padsOf } from './rules/pooling';
