// Why some outputs cannot be inferred exactly even when every small input is known: one reason an operator, used by the
// table in docs/operators.md. A case whose operators have none fails the test.

/** By operator, in the order in which they decide for a model that has several. */
const byOperator: Readonly<Record<string, string>> = {
  NonMaxSuppression: 'the number of boxes kept depends on the values of boxes and scores, which are data',
  Unique: 'the number of distinct elements depends on data; it is known where all elements are (16 floats or 1,024 integers at most)',
  StringNormalizer: 'the number of words that stay depends on strings, which inference does not read',
  StringSplit: 'the number of parts depends on strings, which inference does not read',
  ImageDecoder: 'height and width are in the encoded image',
  SequenceMap: 'the elements of the input sequence have a named size that the model does not bind',
  SequenceAt: 'elements of different shapes: which one is taken is not followed',
  SequenceInsert: 'the model does not state the shape of the elements of its input sequence',
  Identity: 'the model does not state the shape of the elements of its input sequence',
  Loop: 'the trip count follows from 16-bit floats, whose elements are not followed, or states are sequences of unstated shapes',
  Range: 'the bounds are 16-bit floats, whose elements are not followed',
};

export function reasonOf(operators: readonly string[]): string | undefined {
  return Object.entries(byOperator).find(([operator]) => operators.includes(operator))?.[1];
}
