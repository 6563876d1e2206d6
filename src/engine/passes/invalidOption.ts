// The refusal of an option whose value no schema can judge: it contradicts another one, or does not fit the model or the data.

import type { TextParams } from '../../protocol/text/index';
import { EngineError } from '../error';

/**
 * @param path of the option, e.g. `bytes`
 * @param problem text code `problem.*`
 * @param allowed text code `allowed.*`, or the values themselves
 */
export function invalidOption(pass: string, path: string, problem: string, allowed: string, params: TextParams = {}): EngineError {
  return new EngineError('invalidOption', { pass, path, problem, allowed, ...params });
}
