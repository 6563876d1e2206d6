// What became of a layer, and why: short forms for tables and inline text.

import type { TextEntry } from './entry';

export const formTexts = {
  'form.unchanged': { en: 'unchanged', zh: '未变' },
  'form.removed': { en: 'removed', zh: '已移除' },
  'form.merged': { en: 'merged into {layer}', zh: '已并入 {layer}' },
  'form.int8PerChannel': { en: 'int8 per channel', zh: '逐通道 int8' },
  'form.int8PerTensor': { en: 'int8 per tensor', zh: '逐张量 int8' },
  'form.int7PerChannel': { en: 'int8 per channel, 7-bit range', zh: '逐通道 int8（7 位范围）' },
  'form.int7PerTensor': { en: 'int8 per tensor, 7-bit range', zh: '逐张量 int8（7 位范围）' },
  'form.int8Dynamic': { en: 'int8, dynamic activations', zh: 'int8，动态激活' },
  'form.int8Activations': { en: 'int8 activations', zh: 'int8 激活' },
  'form.float': { en: 'kept float', zh: '保持浮点' },
} as const satisfies Record<string, TextEntry>;
