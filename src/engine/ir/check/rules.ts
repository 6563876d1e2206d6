// All rules of the checker, by the kind of site they look at.

import { attributeRules } from './rules/attributes';
import { functionRules } from './rules/functions';
import { graphRules } from './rules/graphs';
import { modelRules } from './rules/model';
import { nameRules } from './rules/names';
import { nodeRules } from './rules/nodes';
import { subgraphRules } from './rules/subgraphs';
import { tensorRules } from './rules/tensors';
import { typeRules } from './rules/types';
import type { Rule, SiteKind } from './rule';

/** In the order in which problems of one site are told. */
export const checkRules = [
  ...modelRules, ...functionRules, ...graphRules, ...tensorRules, ...nameRules, ...nodeRules, ...attributeRules, ...subgraphRules, ...typeRules,
] as const;

const byKind = new Map<SiteKind, readonly Rule[]>();

export function rulesOn<Kind extends SiteKind>(kind: Kind): readonly Rule<Kind>[] {
  const known = byKind.get(kind) ?? (checkRules as readonly Rule[]).filter(({ on }) => on === kind);
  byKind.set(kind, known);
  return known as unknown as readonly Rule<Kind>[];
}
