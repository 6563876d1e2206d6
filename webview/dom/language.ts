// The language the host put on the page, and texts in it.

import type { ErrorData } from '../../src/protocol/errors';
import { type Language, type Said, type TextCode, type TextParams, isTextCode, languageOf, say } from '../../src/protocol/text/index';
import { viewErrorText, viewSaid } from '../../src/protocol/viewErrors';

const language = (): Language => languageOf(document.documentElement.lang);

export function t(code: TextCode, params: TextParams = {}): string {
  return say(code, params, language());
}

/** A form or finding of a report. */
export function phrase(said: Said<string>): string {
  return viewSaid(said, language());
}

/** Name of a metric, e.g. `Top-1`; one without words, such as a script, as it is. */
export function metricTitle(name: string | null): string {
  const code = `metric.${name ?? ''}`;
  return isTextCode(code) ? t(code) : (name ?? t('view.review.metricUnknown'));
}

export function errorSentence(error: ErrorData): string {
  return viewErrorText(error, language());
}
