// The language the host put on the page, and texts in it.

import { type TextCode, type TextParams, languageOf, say } from '../../src/protocol/text/index';
import { type ErrorData, errorText } from '../../src/protocol/errors';

export function t(code: TextCode, params: TextParams = {}): string {
  return say(code, params, languageOf(document.documentElement.lang));
}

export function errorSentence(error: ErrorData): string {
  return errorText(error, languageOf(document.documentElement.lang));
}
