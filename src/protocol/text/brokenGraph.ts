// What makes a graph unusable as soon as it is read: the `{rule}` of `invalidGraph`. The rules of the checker are in check.ts.

import type { TextEntry } from './entry';

export const brokenGraphTexts = {
  'broken.twoInitializers': { en: 'two initializers have this name', zh: '有两个初始值使用此名称' },
  'broken.twoAttributes': { en: 'two attributes are named "{attribute}"', zh: '有两个属性名为 "{attribute}"' },
  'broken.attributeType': { en: 'its type and its value do not agree', zh: '类型与值不一致' },
  'broken.twoInputs': { en: 'two inputs have one name', zh: '有两个输入使用同一名称' },
  'broken.madeTwice': { en: '"{output}" is made twice', zh: '"{output}" 被生成了两次' },
  'broken.cycle': { en: 'it depends on its own output (cycle)', zh: '它依赖自身的输出（循环）' },
  'broken.sparseParts': { en: 'values or indices are missing', zh: '缺少 values 或 indices' },
} as const satisfies Record<string, TextEntry>;
