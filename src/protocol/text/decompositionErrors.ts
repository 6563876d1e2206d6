// What can go wrong while layers are decomposed. A part of errors.ts, in the same form.

import type { ErrorEntry } from './entry';

export const decompositionErrorTexts = {
  weightsNotFinite: {
    exit: 3,
    en: 'The weights of layer "{layer}" hold NaN or infinite values, so that no factors stand for them. Add the layer to "ignore", or start from a model whose weights are numbers.',
    zh: '层 "{layer}" 的权重含有 NaN 或无穷大，无法分解。请将该层加入 "ignore"，或改用权重正常的模型。',
  },
  factorsNotFinite: {
    exit: 3,
    en: 'A factor of layer "{layer}" does not fit into {type}: its numbers are too large or no numbers. Add the layer to "ignore", or choose another method for it.',
    zh: '层 "{layer}" 的某个因子无法用 {type} 表示：数值过大或不是数值。请将该层加入 "ignore"，或为其选择其他方法。',
  },
  nothingToDecompose: {
    exit: 3,
    en: 'Nothing of this model can be split into factors. {detail}',
    zh: '该模型中没有可分解的部分。{detail}',
  },
  decomposeTargetUnreachable: {
    exit: 3,
    en: 'Decomposition cannot reach {wanted} ({measure}): with the smallest factors allowed, {smallest} are left ({share} of before).{ask}{narrower}{methods}{fewer}',
    zh: '分解无法达到 {wanted}（{measure}）：使用允许的最小因子时仍剩 {smallest}（原来的 {share}）。{ask}{narrower}{methods}{fewer}',
  },
} as const satisfies Record<string, ErrorEntry>;
