// Operators through which nothing can be pruned: control flow and sequences, choices by data, losses, signals, strings. What
// they touch stays as it is.

import { intAttribute } from '../../../ir/attributes';
import { entry, locks, type DependencyEntry } from '../rule';
import { fromFront, passExcept } from './tools';

/** Time and batch are positions; the rest of the data passes. */
const reversed: DependencyEntry = entry('follows', (site) =>
  passExcept(site, [intAttribute(site.node, 'time_axis', 0), intAttribute(site.node, 'batch_axis', 1)], 'lock.position'));

/** Chooses along one axis by data; without `axis` among all elements. */
const compressed: DependencyEntry = entry('follows', (site) => {
  const axis = intAttribute(site.node, 'axis');
  if (axis === undefined) return;
  const along = fromFront(axis, site.rank(0));
  passExcept(site, [along], 'lock.indexed');
  site.give(0, site.axes(0).map((one, index) => (index === along ? site.fixed('lock.indexed') : one)));
});

export const otherDependencies = {
  ReverseSequence: reversed, Compress: compressed,
  If: locks, Loop: locks, Scan: locks, SequenceMap: locks, Optional: locks, OptionalGetElement: locks, OptionalHasElement: locks,
  ConcatFromSequence: locks, SequenceAt: locks, SequenceConstruct: locks, SequenceEmpty: locks, SequenceErase: locks,
  SequenceInsert: locks, SequenceLength: locks, SplitToSequence: locks,
  GatherElements: locks, GatherND: locks, Scatter: locks, ScatterElements: locks, ScatterND: locks, NonZero: locks, Unique: locks,
  NonMaxSuppression: locks, NegativeLogLikelihoodLoss: locks, SoftmaxCrossEntropyLoss: locks,
  DFT: locks, STFT: locks, ImageDecoder: locks, RegexFullMatch: locks, StringConcat: locks, StringNormalizer: locks,
  StringSplit: locks, TfIdfVectorizer: locks,
} as const satisfies Record<string, DependencyEntry>;
