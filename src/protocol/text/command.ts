// Texts of the `decant` command: help, tables, closing lines.

import type { TextEntry } from './entry';

export const commandTexts = {
  'command.about': { en: 'Makes ONNX models smaller and faster and shows, layer by layer, what that cost.', zh: '让 ONNX 模型更小更快，并逐层展示代价。' },
} as const satisfies Record<string, TextEntry>;
