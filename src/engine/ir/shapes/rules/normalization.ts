// Normalizations with more than one output, and Dropout; those with one output are among the elementwise rules.

import { intAttribute } from '../../attributes';
import { dataTypeOf } from '../../dataTypes';
import type { Rule } from '../rule';
import { axisOf, tensor } from '../tensorShape';

/** Up to five outputs before opset 14 (the statistics), three from then on; all but the first are [C]. */
const batchNormalization: Rule = ({ node, inputs: [x, scale] }) => {
  const perChannel = tensor(scale?.type ?? 'undefined', scale?.shape ?? [x?.shape?.[1] ?? null]);
  return node.outputs.map((_, index) => (index === 0 ? tensor(x?.type ?? 'undefined', x?.shape ?? null) : perChannel));
};

/** Y, mean and inverse deviation: the statistics keep 1 at the normalized axes. */
export const layerNormalization: Rule = ({ node, inputs: [x] }) => {
  const axis = axisOf(intAttribute(node, 'axis', -1), x?.shape?.length ?? 0);
  const statistics = tensor(dataTypeOf(intAttribute(node, 'stash_type', 1)), x?.shape?.map((dim, at) => (axis !== undefined && at < axis ? dim : 1)) ?? null);
  return [tensor(x?.type ?? 'undefined', x?.shape ?? null), statistics, statistics];
};

/** The mask is bool from opset 10 on; before, it has the type of the data. */
const dropout: Rule = ({ opset, inputs: [x] }) => {
  const type = x?.type ?? 'undefined';
  return [tensor(type, x?.shape ?? null), tensor(opset >= 10 ? 'bool' : type, x?.shape ?? null)];
};

export const normalizationRules = {
  BatchNormalization: batchNormalization, LayerNormalization: layerNormalization, Dropout: dropout,
} as const satisfies Record<string, Rule>;
