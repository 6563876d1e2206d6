// What became of layers that were split into factors, in the editor, the review and the terminal.

import type { TextEntry } from './entry';

export const factorTexts = {
  'factors.method': { en: 'Method', zh: '方法' },
  'factors.rank': { en: 'Rank', zh: '秩' },
  'factors.of.rank': { en: '{kept} of {full}', zh: '{kept} / {full}' },
  'factors.of.inputs': { en: '{kept} of {full} inputs', zh: '输入 {kept} / {full}' },
  'factors.of.outputs': { en: '{kept} of {full} outputs', zh: '输出 {kept} / {full}' },
  'factors.latency': { en: 'Latency, alone', zh: '单独测得的延迟' },
  'factors.weightError': { en: 'Error of weights', zh: '权重误差' },
  'factors.activationError': { en: 'Error of outputs', zh: '输出误差' },
  'factors.values': { en: 'Singular values', zh: '奇异值' },
  'factors.weights': { en: 'Weights of components', zh: '分量权重' },
  // The command writes headings small.
  'table.method': { en: 'method', zh: '方法' },
  'table.rank': { en: 'rank', zh: '秩' },
  'table.weightError': { en: 'error of weights', zh: '权重误差' },
  'table.activationError': { en: 'error of outputs', zh: '输出误差' },

  'view.factors.summary': { en: '{pass}: {figure} of {count} layers {before} → {after}', zh: '{pass}：{count} 层的{figure} {before} → {after}' },
  'view.factors.summary.one': { en: '{pass}: {figure} of one layer {before} → {after}', zh: '{pass}：1 层的{figure} {before} → {after}' },
  'view.factors.by': { en: '{method}, rank {ranks}', zh: '{method}，秩 {ranks}' },
  'view.factors.layers': { en: 'Layers and their ranks', zh: '各层的秩' },
  'view.factors.components': { en: 'Components', zh: '分量' },
  'view.factors.column.about': {
    en: 'From the largest to the smallest; the factors keep those left of the line. Sorted by the error of the weights',
    zh: '由大到小；竖线左侧的由因子保留。按权重误差排序',
  },
  'view.factors.curve.rank': { en: '{what}, falling from the left: {kept} of {total} are kept. The numbers are in the table below.', zh: '{what}，从左到右递减：保留 {kept} / {total}。数值见下表。' },
  'view.factors.curve.inputs': { en: '{what} of the inputs, falling from the left: {kept} of {total} are kept. The numbers are in the table below.', zh: '输入的{what}，从左到右递减：保留 {kept} / {total}。数值见下表。' },
  'view.factors.curve.outputs': { en: '{what} of the outputs, falling from the left: {kept} of {total} are kept. The numbers are in the table below.', zh: '输出的{what}，从左到右递减：保留 {kept} / {total}。数值见下表。' },
  'view.factors.kept.rank': { en: '{kept} of {total} kept', zh: '保留 {kept} / {total}' },
  'view.factors.kept.inputs': { en: '{kept} of {total} inputs', zh: '输入 {kept} / {total}' },
  'view.factors.kept.outputs': { en: '{kept} of {total} outputs', zh: '输出 {kept} / {total}' },
  'view.factors.kept.components': { en: '{kept} components', zh: '{kept} 个分量' },
  'view.factors.fold.rank': { en: 'Numbers', zh: '数值' },
  'view.factors.fold.inputs': { en: 'Numbers of the inputs', zh: '输入的数值' },
  'view.factors.fold.outputs': { en: 'Numbers of the outputs', zh: '输出的数值' },
  'view.factors.removed': { en: '{count} left out', zh: '舍去 {count}' },
  'view.factors.tenths': { en: 'a tenth each', zh: '逐线为十分之一' },
  'view.factors.numbers.rank': { en: '{what}, over the largest.', zh: '{what}，以最大值为 1。' },
  'view.factors.numbers.inputs': { en: '{what} of the inputs, over the largest.', zh: '输入的{what}，以最大值为 1。' },
  'view.factors.numbers.outputs': { en: '{what} of the outputs, over the largest.', zh: '输出的{what}，以最大值为 1。' },
  'view.factors.value': { en: 'Value', zh: '值' },
  'view.factors.leftOut': { en: 'left out', zh: '舍去' },
} as const satisfies Record<string, TextEntry>;
