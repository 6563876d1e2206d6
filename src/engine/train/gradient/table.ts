// All gradient rules: total over the standard operators, so that a forgotten one does not compile.

import { isDefaultDomain, type Node } from '../../ir/model';
import type { StandardOperator } from '../../ir/shapes/operators';
import { DETACHED, type GradientEntry, type GradientTable, GRADIENT_KEY, refused, zero } from './rule';
import { activationsGradients } from './rules/activations';
import { attentionGradients } from './rules/attention';
import { convolutionGradients } from './rules/convolution';
import { elementwiseGradients } from './rules/elementwise';
import { indexingGradients } from './rules/indexing';
import { matrixGradients } from './rules/matrix';
import { movementGradients } from './rules/movement';
import { normalizationGradients } from './rules/normalization';
import { poolingGradients } from './rules/pooling';
import { quantizationGradients } from './rules/quantization';
import { randomGradients } from './rules/random';
import { recurrentGradients } from './rules/recurrent';
import { reduceGradients } from './rules/reduce';
import { samplingGradients } from './rules/sampling';
import { microsoftGradients, runtimeGradients } from './rules/microsoft';
import { refusedGradients, zeroGradients } from './rules/others';

const standard: GradientTable<StandardOperator> = {
  ...activationsGradients, ...attentionGradients, ...convolutionGradients, ...elementwiseGradients, ...indexingGradients,
  ...matrixGradients, ...movementGradients, ...normalizationGradients, ...poolingGradients, ...quantizationGradients,
  ...randomGradients, ...recurrentGradients, ...reduceGradients, ...samplingGradients,
  ...zeroGradients, ...refusedGradients,
};

const domains: ReadonlyMap<string, GradientTable<string>> = new Map<string, GradientTable<string>>([
  ['', { ...standard, ...runtimeGradients }],
  ['com.microsoft', microsoftGradients],
]);

/** The entry of a node's operator; unknown operators are refused. A node noted as detached has none. */
export function gradientOf(node: Pick<Node, 'domain' | 'opType' | 'metadata'>): GradientEntry {
  if (node.metadata.get(GRADIENT_KEY) === DETACHED) return zero;
  const table = domains.get(isDefaultDomain(node.domain) ? '' : node.domain);
  return (table !== undefined && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined) ?? refused;
}

/** What becomes of a gradient at every operator of a domain, for the docs. */
export function gradientKinds(domain: string): ReadonlyMap<string, GradientEntry['kind']> {
  return new Map(Object.entries(domains.get(domain) ?? {}).map(([op, entry]) => [op, entry.kind]));
}
