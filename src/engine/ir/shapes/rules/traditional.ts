// Operators of ai.onnx.ml: trees, linear models, encoders. Most give one row a sample; a vector counts as one sample, as
// in onnxruntime. Operators over maps know their value type only.

import { intAttribute, intsAttribute, stringAttribute, tensorAttribute } from '../../attributes';
import type { DataType } from '../../dataTypes';
import type { Dim, Node } from '../../model';
import type { Rule } from '../rule';
import { isRanked, tensor, withContainer, type TensorShape } from '../tensorShape';
import { same, sameShape } from './elementwise';

const samples = (x: TensorShape | undefined): Dim => (!isRanked(x) ? null : x.shape.length === 1 ? 1 : (x.shape[0] ?? null));

/** Number of entries of the first list attribute that is there. */
function entries(node: Node, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const attribute = node.attributes.get(name);
    if (attribute?.kind === 'strings' || attribute?.kind === 'ints' || attribute?.kind === 'floats') return attribute.value.length;
  }
  return undefined;
}

/** Scores of `columns` targets a sample. */
const regression = (columns: (node: Node) => Dim, type?: DataType): Rule => ({ node, inputs: [x] }) =>
  [tensor(type ?? x?.type ?? 'undefined', [samples(x), columns(node)])];

/** A label and the scores of all classes a sample; labels are strings or int64, as their attribute is. */
const classification = (strings: string, ints: string, columns: (node: Node, classes: number | undefined) => Dim): Rule => ({ node, inputs: [x] }) => [
  tensor(node.attributes.has(strings) ? 'string' : 'int64', [samples(x)]),
  tensor('float32', [samples(x), columns(node, entries(node, strings, ints))]),
];

const classes = (_: Node, count: number | undefined): Dim => count ?? null;

/** Without probabilities a support vector machine of more than two classes scores pairs, or classes when it is linear. */
const machineColumns = (node: Node, count: number | undefined): Dim => (node.attributes.has('prob_a') ? (count ?? null) : null);

const labels: Rule = ({ node, inputs: [x] }) => {
  const values: readonly (readonly [attribute: string, type: DataType])[] = [['values_strings', 'string'], ['values_int64s', 'int64'], ['values_floats', 'float32']];
  const listed = values.find(([attribute]) => node.attributes.has(attribute))?.[1];
  // Opset 1 had one list of strings, numbered by position.
  const numbered: DataType = x?.type === 'string' ? 'int64' : x?.type === 'int64' ? 'string' : 'undefined';
  const type = tensorAttribute(node, 'values_tensor')?.type ?? listed ?? (node.attributes.has('classes_strings') ? numbered : 'undefined');
  return [tensor(type, x?.shape ?? null)];
};

const categories: Rule = ({ inputs: [x] }) => [tensor(x?.type === 'string' ? 'int64' : x?.type === 'int64' ? 'string' : 'undefined', x?.shape ?? null)];

/** The last axis is chosen from; a vector gives one row. */
const extraction: Rule = ({ inputs: [x, indices] }) => {
  if (!isRanked(x)) return [tensor(x?.type ?? 'undefined', null)];
  const count = indices?.shape?.at(-1) ?? null;
  return [tensor(x.type, x.shape.length === 1 ? [1, count] : [...x.shape.slice(0, -1), count])];
};

const oneHot: Rule = ({ node, inputs: [x] }) =>
  [tensor('float32', !isRanked(x) ? null : [...x.shape, entries(node, 'cats_int64s', 'cats_strings') ?? null])];

const features: Rule = ({ node, inputs: [x] }) =>
  [tensor('float32', [samples(x), intsAttribute(node, 'inputdimensions')?.reduce((sum, size) => sum + size, 0) ?? null])];

const castTypes: Readonly<Record<string, DataType>> = { TO_FLOAT: 'float32', TO_STRING: 'string', TO_INT64: 'int64' };

const castMap: Rule = ({ node }) => {
  const sparse = stringAttribute(node, 'map_form', 'DENSE') === 'SPARSE';
  return [tensor(castTypes[stringAttribute(node, 'cast_to', 'TO_FLOAT')] ?? 'undefined', [1, sparse ? intAttribute(node, 'max_map', 1) : null])];
};

const targets = (node: Node): Dim => intAttribute(node, 'n_targets') ?? null;

export const traditionalRules = {
  ArrayFeatureExtractor: extraction, Binarizer: same, CastMap: castMap, CategoryMapper: categories,
  DictVectorizer: ({ node, inputs: [x] }) => [tensor(x?.type ?? 'undefined', [1, entries(node, 'int64_vocabulary', 'string_vocabulary') ?? null])],
  FeatureVectorizer: features, Imputer: same, LabelEncoder: labels,
  LinearClassifier: classification('classlabels_strings', 'classlabels_ints', classes),
  LinearRegressor: regression((node) => intAttribute(node, 'targets', 1), 'float32'),
  Normalizer: sameShape('float32'), OneHotEncoder: oneHot,
  SVMClassifier: classification('classlabels_strings', 'classlabels_ints', machineColumns),
  SVMRegressor: regression(() => 1, 'float32'),
  Scaler: sameShape('float32'),
  TreeEnsemble: regression(targets),
  TreeEnsembleClassifier: classification('classlabels_strings', 'classlabels_int64s', classes),
  TreeEnsembleRegressor: regression(targets, 'float32'),
  // A map from label to score for each sample.
  ZipMap: ({ inputs: [x] }) => [withContainer('sequence', { type: 'float32', shape: null, containers: ['map'] }, samples(x))],
} as const satisfies Record<string, Rule>;
