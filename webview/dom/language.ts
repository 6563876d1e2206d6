// The language the host put on the page, and texts in it.

import type { ErrorData } from '../../src/protocol/errors';
import type { Progress } from '../../src/protocol/jobs';
import { type Language, type Said, type TextCode, type TextParams, languageOf, say } from '../../src/protocol/text/index';
import { viewActivity, viewErrorText, viewMetric, viewSaid } from '../../src/protocol/viewWords';

const language = (): Language => languageOf(document.documentElement.lang);

export function t(code: TextCode, params: TextParams = {}): string {
  return say(code, params, language());
}

/** A form or finding of a report. */
export function phrase(said: Said<string>): string {
  return viewSaid(said, language());
}

/** Name of a metric, e.g. `Top-1`. */
export function metricTitle(name: string | null): string {
  return viewMetric(name, language());
}

/** What a job is doing. */
export function activityWords(progress: Progress): string {
  return viewActivity(progress, language());
}

export function errorSentence(error: ErrorData): string {
  return viewErrorText(error, language());
}
