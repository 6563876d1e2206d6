// Errors as data: what crosses a process boundary. The engine throws `EngineError` (engine/error.ts), the worker turns
// it into this, the command and the host turn it into a sentence.

import { type ErrorCode, type Language, type TextParams, say } from './text/index';
import type { FailureStatus } from './text/entry';
import { errorTexts } from './text/errors';

export type { ErrorCode } from './text/index';

export interface ErrorData {
  readonly code: ErrorCode;
  readonly params: TextParams;
  /** Name (or first output) of the node the error is about. */
  readonly node?: string;
  /** Stack or log lines for the log, never for the message. */
  readonly detail?: string;
}

export function errorText(error: ErrorData, language: Language = 'en'): string {
  return say(error.code, error.params, language);
}

export function exitStatus(error: ErrorData): FailureStatus {
  return errorTexts[error.code].exit;
}
