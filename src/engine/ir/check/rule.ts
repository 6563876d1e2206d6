// What a rule of the checker is: one entry of the table in rules.ts. It looks at one kind of site and says each breach
// by the parameters of its text (src/protocol/text/check.ts); it never throws and reads no weights.

import type { CheckCode, TextParams } from '../../../protocol/text/index';
import type { BodySite, FunctionSite, GraphSite, ModelSite, NodeSite, SparseSite, TensorSite, TypedNodeSite } from './site';

/** The sites by the name a rule says in `on`. */
export interface Sites {
  readonly model: ModelSite;
  readonly graph: GraphSite;
  readonly body: BodySite;
  readonly node: NodeSite;
  readonly tensor: TensorSite;
  readonly sparse: SparseSite;
  readonly function: FunctionSite;
  /** Runs only on models whose structure is sound. */
  readonly typedNode: TypedNodeSite;
}

export type SiteKind = keyof Sites;

/** One breach; `at` names the node where the site itself is not one. */
export interface Breach {
  readonly params: TextParams;
  readonly at?: NodeSite['node'];
}

export interface Rule<Kind extends SiteKind = SiteKind> {
  readonly id: CheckCode;
  readonly on: Kind;
  /** `error` where onnx.checker (or the specification) refuses, `warning` where the model is doubtful, `info` for notes. */
  readonly severity: 'error' | 'warning' | 'info';
  /** onnxruntime runs models that break the rule: not an error in the mode `lenient`. */
  readonly accepted?: true;
  /** Compares a node with its schema. Schemas of onnxruntime have no versions: in the mode `lenient` they only warn. */
  readonly bySchema?: true;
  check(site: Sites[Kind]): readonly Breach[];
}

export const sound: readonly Breach[] = [];

export function breach(params: TextParams = {}): readonly Breach[] {
  return [{ params }];
}

/** Breaches told of one site at most: a damaged model may have a million, and the first ones say enough. */
const MOST_BREACHES = 1000;

/** A breach for each item. */
export function breaches<Item>(items: Iterable<Item>, params: (item: Item) => TextParams): readonly Breach[] {
  const found: Breach[] = [];
  for (const item of items) {
    if (found.length === MOST_BREACHES) break;
    found.push({ params: params(item) });
  }
  return found.length === 0 ? sound : found;
}

/** Names that stand in a list more than once, each once; '' is no name. */
export function repeated(names: Iterable<string>): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (name === '') continue;
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice];
}

/** Keeps the type of the site while a rule is written down. */
export function rule<Kind extends SiteKind>(definition: Rule<Kind>): Rule<Kind> {
  return definition;
}
