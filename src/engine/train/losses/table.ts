// The one list of losses. A new loss is one entry here; its options reach recipe and editor from its schema.

import { EngineError } from '../../error';
import { decoupledLoss } from './decoupled';
import { klLoss } from './kl';
import { labelLoss } from './label';
import type { Loss, LossContext, LossTerm } from './loss';
import { outputsLoss } from './outputs';

/** A loss whose options are filled in: what the training graph builds. */
export interface BuiltTerm {
  readonly id: string;
  build(context: LossContext): string;
}

export const losses: readonly Loss[] = [labelLoss, klLoss, decoupledLoss, outputsLoss];

export const lossIds: readonly string[] = losses.map(({ id }) => id);

/** Throws `unknownLoss`. */
export function findLoss(id: string): Loss {
  const loss = losses.find((candidate) => candidate.id === id);
  if (loss === undefined) throw new EngineError('unknownLoss', { loss: id, known: lossIds.join(', ') });
  return loss;
}

/** The term with the defaults of its options; values that are given were checked before. */
export function bindTerm(term: LossTerm): BuiltTerm {
  const loss = findLoss(term.loss);
  const defaults = Object.fromEntries(Object.entries(loss.options.properties).map(([name, schema]) => [name, schema.default as unknown]));
  return { id: loss.id, build: (context) => loss.build(context, { ...defaults, ...term.options }) };
}

/** Whether one of the terms compares with labels. Throws `unknownLoss`. */
export function readLabels(terms: readonly LossTerm[]): boolean {
  return terms.some(({ loss }) => findLoss(loss).needs.includes('labels'));
}

/** @throws EngineError `unknownLoss`, `lossNeedsLabels`, `lossNeedsTeacher` */
export function requireNeeds(terms: readonly LossTerm[], has: { readonly labels: boolean; readonly teacher: boolean; readonly split: string }): void {
  for (const { loss: id } of terms) {
    const { needs } = findLoss(id);
    if (needs.includes('labels') && !has.labels) throw new EngineError('lossNeedsLabels', { loss: id, split: has.split });
    if (needs.includes('teacher') && !has.teacher) throw new EngineError('lossNeedsTeacher', { loss: id });
  }
}
