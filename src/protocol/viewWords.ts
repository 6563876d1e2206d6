// Errors, findings, activities and metrics as VS Code says them: where the plain text names a flag of the command line, the next step is
// said in words of the editor (`view.error.<code>`, `view.finding.<code>`).

import { type ErrorData, errorText } from './errors';
import type { Progress } from './jobs';
import { type Language, type Said, isTextCode, say } from './text/index';

export function viewErrorText(error: ErrorData, language: Language): string {
  const code = `view.error.${error.code}`;
  return isTextCode(code) ? say(code, error.params, language) : errorText(error, language);
}

/** A text in the person's language; one whose code this version does not know (a newer report) in its own English. */
export function viewSaid({ code, params, text }: Said<string>, language: Language): string {
  const own = `view.${code}`;
  if (isTextCode(own)) return say(own, params, language);
  return isTextCode(code) ? say(code, params, language) : text;
}

/** What a job is doing; a pass by its title instead of its id. */
export function viewActivity({ activity, params = {} }: Pick<Progress, 'activity' | 'params'>, language: Language): string {
  const title = `pass.${String(params['pass'])}`;
  return say(activity, isTextCode(title) ? { ...params, pass: title } : params, language);
}

/** Name of a metric, e.g. `Top-1`; one without words, such as a script, by its own name. */
export function viewMetric(name: string | null, language: Language): string {
  const code = `metric.${name ?? ''}`;
  return isTextCode(code) ? say(code, {}, language) : (name ?? say('view.review.metricUnknown', {}, language));
}
