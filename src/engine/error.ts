// The one error the engine throws: a code with parameters, never a finished sentence.

import type { ErrorCode, ErrorData } from '../protocol/errors';
import { errorText } from '../protocol/errors';
import type { TextParams } from '../protocol/text/index';

export class EngineError extends Error implements ErrorData {
  override readonly name = 'EngineError';
  readonly detail?: string;

  constructor(
    readonly code: ErrorCode,
    readonly params: TextParams = {},
    options: { readonly node?: string; readonly cause?: unknown } = {},
  ) {
    super(errorText({ code, params }), options.cause === undefined ? undefined : { cause: options.cause });
    if (options.node !== undefined) this.node = options.node;
    if (options.cause instanceof Error && options.cause.stack !== undefined) this.detail = options.cause.stack;
  }

  readonly node?: string;
}

/** Throws `cancelled` once the signal is aborted; call it between units of work. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('cancelled');
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
