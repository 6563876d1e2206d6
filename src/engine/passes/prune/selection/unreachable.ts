// The refusal of a target that cannot be met: how far it can go, and what would let more go.

import { EngineError } from '../../../error';
import type { UnitSettings } from '../unitSettings';
import type { Widths } from './order';

export interface Unreachable {
  /** `option.macs`, ... */
  readonly measure: string;
  /** As people read them. */
  readonly wanted: string | number;
  readonly smallest: string | number;
  /** What is left with all that may go, over the model before the first round. */
  readonly share: number;
  /** Groups that the criterion says nothing about. */
  readonly unranked: number;
  readonly widths: Widths;
}

/** Shares are rounded up to so many parts, or the advice could not be met. */
const PARTS = 1000;

export function unreachable({ measure, wanted, smallest, share, unranked, widths: { grain, minimum } }: Unreachable, { criterion, ignore }: Pick<UnitSettings, 'criterion' | 'ignore'>): EngineError {
  return new EngineError('pruneTargetUnreachable', {
    measure, wanted, smallest, share: Math.ceil(share * PARTS) / PARTS,
    count: unranked, criterion: `value.criterion.${criterion}`, grain, minimum,
    ask: share < 1 ? 'problem.letGo.ask' : 'problem.letGo.nothing',
    // Groups that are not judged are the larger obstacle: widths would bring little.
    unjudged: unranked > 0 ? 'problem.letGo.unjudged' : '',
    narrower: unranked > 0 ? '' : widthAdvice(grain, minimum),
    fewer: ignore.length > 0 ? 'problem.letGo.ignored' : '',
  });
}

function widthAdvice(grain: number, minimum: number): string {
  if (grain > 1) return minimum > 1 ? 'problem.letGo.widths' : 'problem.letGo.grain';
  return minimum > 1 ? 'problem.letGo.minimum' : '';
}
