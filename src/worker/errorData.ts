// Any thrown value as ErrorData. What the engine throws is data already; the rest is named `internal` with its stack in
// `detail`, except what is recognisably a lack of memory or of disk space.

import type { ErrorData } from '../protocol/errors';
import { JobError, type Progress } from '../protocol/jobs';
import { errorTexts } from '../protocol/text/errors';

const OUT_OF_MEMORY = /bad_alloc|bad allocation|failed to allocate memory|array buffer allocation failed|out of memory/i;

/** `progress` is the last the job said; it tells what was being done. */
export function toErrorData(error: unknown, progress: Progress | undefined): ErrorData {
  if (error instanceof JobError) return error.data;
  if (isErrorData(error)) {
    return {
      code: error.code,
      params: { ...error.params },
      ...(error.node !== undefined && { node: error.node }),
      ...(error.detail !== undefined && { detail: error.detail }),
    };
  }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', params: {} };
  const reason = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? error.stack ?? reason : reason;
  const doing = { ...progress?.params, activity: progress?.activity ?? 'progress.starting' };
  if (OUT_OF_MEMORY.test(reason)) return { code: 'outOfMemory', params: doing, detail };
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return { code: 'diskFull', params: { file: path ?? reason }, detail };
  return { code: 'internal', params: { ...doing, reason }, detail };
}

/** EngineError implements ErrorData; it is known by its code, so that this file needs no engine. */
function isErrorData(error: unknown): error is ErrorData {
  if (typeof error !== 'object' || error === null) return false;
  const { code, params } = error as Partial<ErrorData>;
  return typeof code === 'string' && Object.hasOwn(errorTexts, code) && typeof params === 'object' && params !== null;
}
