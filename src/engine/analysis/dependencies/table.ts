// All dependency rules: total over the standard operators, so that a forgotten one does not compile. Operators of other
// domains that are not named lock what they touch.

import { isDefaultDomain, type Node } from '../../ir/model';
import type { StandardOperator } from '../../ir/shapes/operators';
import type { DependencyEntry, DependencyTable } from './rule';
import { attentionDependencies } from './rules/attention';
import { convolutionDependencies } from './rules/convolution';
import { elementwiseDependencies } from './rules/elementwise';
import { generateDependencies } from './rules/generate';
import { matrixDependencies } from './rules/matrix';
import { microsoftDependencies, runtimeDependencies } from './rules/microsoft';
import { movementDependencies } from './rules/movement';
import { normalizationDependencies } from './rules/normalization';
import { otherDependencies } from './rules/others';
import { poolingDependencies } from './rules/pooling';
import { quantizationDependencies } from './rules/quantization';
import { recurrentDependencies } from './rules/recurrent';
import { reduceDependencies } from './rules/reduce';

const standard: DependencyTable<StandardOperator> = {
  ...attentionDependencies, ...convolutionDependencies, ...elementwiseDependencies, ...generateDependencies, ...matrixDependencies,
  ...movementDependencies, ...normalizationDependencies, ...otherDependencies, ...poolingDependencies, ...quantizationDependencies,
  ...recurrentDependencies, ...reduceDependencies,
};

const domains: ReadonlyMap<string, Readonly<Record<string, DependencyEntry>>> = new Map<string, Readonly<Record<string, DependencyEntry>>>([
  ['', { ...standard, ...runtimeDependencies }],
  ['com.microsoft', microsoftDependencies],
]);

/** The entry of a node's operator; undefined for operators that are not known. */
export function dependencyOf(node: Pick<Node, 'domain' | 'opType'>): DependencyEntry | undefined {
  const table = domains.get(isDefaultDomain(node.domain) ? '' : node.domain);
  return table !== undefined && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined;
}

/** Entries of a domain by operator, for the docs. */
export function dependencyEntries(domain: string): ReadonlyMap<string, DependencyEntry> {
  return new Map(Object.entries(domains.get(domain) ?? {}));
}
