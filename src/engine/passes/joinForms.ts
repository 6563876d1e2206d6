// What became of a layer by one pass after another: how many channels it kept stays true whatever later passes do to its numbers.

import { type FormCode, said, type Said } from '../../protocol/text/index';

/** Codes that say less than any other. */
const saysLittle: ReadonlySet<FormCode> = new Set<FormCode>(['form.unchanged', 'form.float']);
/** How wide the layer is. */
const widths: ReadonlySet<FormCode> = new Set<FormCode>(['form.pruned', 'form.prunedInput']);
/** Stays true, and worth saying, after later passes. */
const lasts: ReadonlySet<FormCode> = new Set<FormCode>([...widths, 'form.sparse', 'form.decomposed']);
/** What ends a layer. */
const endsIt: ReadonlySet<FormCode> = new Set<FormCode>(['form.removed', 'form.merged']);

export function isChange(form: Said<FormCode>): boolean {
  return !saysLittle.has(form.code);
}

/** `40 of 64 channels`, then `int8 per channel`: both. Training says nothing new, and pruning again counts from the first width. */
export function joinForms(before: Said<FormCode> | undefined, after: Said<FormCode>): Said<FormCode> {
  if (before === undefined || !isChange(before)) return after;
  if (after.code === 'form.trained' || after.code === 'form.unchanged') return before;
  // What a layer makes says more than what it reads.
  if (before.code === 'form.pruned' && after.code === 'form.prunedInput') return before;
  if (before.code === 'form.both') return endsIt.has(after.code) ? after : said('form.both', { ...before.params, ...after.params, then: after.code });
  if (before.code === after.code && before.params['kind'] === after.params['kind'] && before.params['total'] !== undefined) {
    return said(after.code, { ...after.params, total: before.params['total'] });
  }
  if (!lasts.has(before.code) || (widths.has(after.code) && before.code !== 'form.decomposed') || after.code === before.code || endsIt.has(after.code)) return after;
  // Parameters of both stand together: their names differ.
  return said('form.both', { ...before.params, ...after.params, first: before.code, then: after.code });
}
