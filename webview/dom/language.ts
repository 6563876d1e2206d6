// The language the host put on the page, and texts in it.

import type { ErrorData } from '../../src/protocol/errors';
import type { Progress } from '../../src/protocol/jobs';
import { type Language, type Said, type TextCode, type TextParams, isTextCode, languageOf, say } from '../../src/protocol/text/index';
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

/** Title of a pass; one of another version has its id. */
export function passTitle(id: string): string {
  const code = `pass.${id}`;
  return isTextCode(code) ? t(code) : id;
}

/** What a job is doing. */
export function activityWords(progress: Progress): string {
  return viewActivity(progress, language());
}

export function errorSentence(error: ErrorData): string {
  return viewErrorText(error, language());
}
