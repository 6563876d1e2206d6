// Operators that no gradient flows through: zero almost everywhere, or without a rule.

import { type GradientTable, refused, zero } from '../rule';

/** Steps, comparisons, indices, shapes and random numbers. */
export const zeroGradients = {
  And: zero, ArgMax: zero, ArgMin: zero, Bernoulli: zero, BitCast: zero, BitShift: zero, BitwiseAnd: zero,
  BitwiseNot: zero, BitwiseOr: zero, BitwiseXor: zero, BlackmanWindow: zero, Ceil: zero, Constant: zero,
  ConstantOfShape: zero, Equal: zero, EyeLike: zero, Floor: zero, Greater: zero, GreaterOrEqual: zero,
  HammingWindow: zero, HannWindow: zero, Hardmax: zero, IsInf: zero, IsNaN: zero, Less: zero, LessOrEqual: zero,
  MelWeightMatrix: zero, Multinomial: zero, NonMaxSuppression: zero, NonZero: zero, Not: zero, OneHot: zero, Or: zero,
  RandomNormal: zero, RandomNormalLike: zero, RandomUniform: zero, RandomUniformLike: zero, Range: zero, Round: zero,
  Shape: zero, Sign: zero, Size: zero, Unique: zero, Xor: zero,
} satisfies GradientTable<string>;

/** Integer kernels, sequences, control flow, signals and texts: training through them is refused by name. */
export const refusedGradients = {
  ConcatFromSequence: refused, ConvInteger: refused, DFT: refused, If: refused, ImageDecoder: refused, Loop: refused,
  MatMulInteger: refused, Optional: refused, OptionalGetElement: refused, OptionalHasElement: refused,
  QLinearConv: refused, QLinearMatMul: refused, RegexFullMatch: refused, STFT: refused, Scan: refused,
  SequenceAt: refused, SequenceConstruct: refused, SequenceEmpty: refused, SequenceErase: refused,
  SequenceInsert: refused, SequenceLength: refused, SequenceMap: refused, SplitToSequence: refused,
  StringConcat: refused, StringNormalizer: refused, StringSplit: refused, TfIdfVectorizer: refused,
} satisfies GradientTable<string>;
