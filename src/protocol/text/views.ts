// Texts of the editor, the review panel and notifications.

import type { TextEntry } from './entry';

export const viewTexts = {
  'view.showLog': { en: 'Show Log', zh: '显示日志' },
} as const satisfies Record<string, TextEntry>;
